package peer;

import com.helger.base.state.ETriState;
import com.helger.json.IJsonObject;
import com.helger.phase4.crypto.AS4CryptParams;
import com.helger.phase4.crypto.ECryptoAlgorithmCrypt;
import com.helger.phase4.crypto.ECryptoAlgorithmSign;
import com.helger.phase4.crypto.ECryptoAlgorithmSignDigest;
import com.helger.phase4.model.EMEP;
import com.helger.phase4.model.EMEPBinding;
import com.helger.phase4.model.pmode.PMode;
import com.helger.phase4.model.pmode.PModeParty;
import com.helger.phase4.model.pmode.PModeReceptionAwareness;
import com.helger.phase4.model.pmode.leg.EPModeSendReceiptReplyPattern;
import com.helger.phase4.model.pmode.leg.PModeLeg;
import com.helger.phase4.model.pmode.leg.PModeLegBusinessInformation;
import com.helger.phase4.model.pmode.leg.PModeLegErrorHandling;
import com.helger.phase4.model.pmode.leg.PModeLegProtocol;
import com.helger.phase4.model.pmode.leg.PModeLegSecurity;
import com.helger.phase4.wss.EWSSVersion;
import java.util.List;

/**
 * The P-Modes of OOTS: eDelivery AS4 1.15 common profile, or 2.0 by its signature, One-Way/Push, one P-Mode for each action. It has
 * a second leg all the same: phase4 looks for one as soon as a message has a RefToMessageId, as every answer in
 * OOTS has, and refuses the message without one (EBMS:0010).
 */
final class Profile {
  static final String SERVICE = "QueryManager";
  static final String SERVICE_TYPE = "urn:oasis:names:tc:ebcore:ebrs:ebms:binding:1.0";
  static final List<String> ACTIONS = List.of("ExecuteQueryRequest", "ExecuteQueryResponse", "ExceptionResponse");

  private Profile() {}

  /** A party as the settings name it: id, type, role. */
  static PModeParty party(IJsonObject party) {
    return new PModeParty(
        party.getAsString("type"), party.getAsString("id"), party.getAsString("role"), null, null);
  }

  /** The signature of a profile: edelivery-1.15, edelivery-2.0-eddsa, edelivery-2.0-ecdsa. */
  static ECryptoAlgorithmSign signature(String profile) {
    return switch (profile) {
      case "edelivery-1.15" -> ECryptoAlgorithmSign.RSA_SHA_256;
      case "edelivery-2.0-eddsa" -> ECryptoAlgorithmSign.EDDSA_ED25519;
      case "edelivery-2.0-ecdsa" -> ECryptoAlgorithmSign.ECDSA_SHA_256;
      default -> throw new IllegalArgumentException(profile);
    };
  }

  /** The key agreement of a profile, as the library presets it for 2.0; 1.15 has key transport. */
  static void keyAgreement(AS4CryptParams crypt, String profile) {
    if (profile.equals("edelivery-2.0-eddsa")) {
      crypt.setEDelivery2KeyAgreementX25519();
    } else if (profile.equals("edelivery-2.0-ecdsa")) {
      crypt.setEDelivery2KeyAgreementECDHES();
    }
  }

  /** What is signed, encrypted and acknowledged; a null algorithm switches that step off. */
  static PMode pmode(
      PModeParty initiator,
      PModeParty responder,
      String action,
      String address,
      boolean sign,
      boolean encrypt,
      ECryptoAlgorithmSign signature) {
    PModeLegSecurity security = new PModeLegSecurity();
    security.setWSSVersion(EWSSVersion.WSS_111);
    if (sign) {
      security.setX509SignatureAlgorithm(signature);
      security.setX509SignatureHashFunction(ECryptoAlgorithmSignDigest.DIGEST_SHA_256);
    }
    if (encrypt) {
      security.setX509EncryptionAlgorithm(ECryptoAlgorithmCrypt.AES_128_GCM);
    }
    security.setSendReceipt(true);
    security.setSendReceiptNonRepudiation(true);
    security.setSendReceiptReplyPattern(EPModeSendReceiptReplyPattern.RESPONSE);
    PModeLegErrorHandling errors = PModeLegErrorHandling.createUndefined();
    errors.setReportAsResponse(true);
    PModeLeg leg =
        new PModeLeg(
            PModeLegProtocol.createForDefaultSoapVersion(address),
            PModeLegBusinessInformation.create(SERVICE, action, null, null),
            errors,
            null,
            security);
    PModeReceptionAwareness awareness =
        new PModeReceptionAwareness(ETriState.TRUE, ETriState.FALSE, 0, 0, ETriState.TRUE);
    return new PMode(
        "oots-" + action, initiator, responder, "", EMEP.ONE_WAY, EMEPBinding.PUSH, leg, leg, null, awareness);
  }
}
