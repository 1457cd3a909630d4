package peer;

import com.helger.collection.commons.ICommonsList;
import com.helger.http.header.HttpHeaderMap;
import com.helger.json.IJsonObject;
import com.helger.json.JsonArray;
import com.helger.json.JsonObject;
import com.helger.phase4.attachment.WSS4JAttachment;
import com.helger.phase4.ebms3header.Ebms3PartInfo;
import com.helger.phase4.ebms3header.Ebms3Property;
import com.helger.phase4.ebms3header.Ebms3SignalMessage;
import com.helger.phase4.ebms3header.Ebms3To;
import com.helger.phase4.ebms3header.Ebms3From;
import com.helger.phase4.ebms3header.Ebms3PartyId;
import com.helger.phase4.ebms3header.Ebms3UserMessage;
import com.helger.phase4.incoming.IAS4IncomingMessageMetadata;
import com.helger.phase4.incoming.IAS4IncomingMessageState;
import com.helger.phase4.incoming.spi.AS4MessageProcessorResult;
import com.helger.phase4.incoming.spi.AS4SignalMessageProcessorResult;
import com.helger.phase4.incoming.spi.IAS4IncomingMessageProcessorSPI;
import com.helger.phase4.error.AS4ErrorList;
import com.helger.phase4.model.pmode.IPMode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.w3c.dom.Node;

/**
 * Writes each received message to a folder named after its MessageId: part-0, part-1, ... decrypted and
 * decompressed, in the order of eb:PayloadInfo, then message.json. A null folder throws everything away.
 */
final class Inbox implements IAS4IncomingMessageProcessorSPI {
  private final Path folder;

  Inbox(Path folder) {
    this.folder = folder;
  }

  @Override
  public AS4MessageProcessorResult processAS4UserMessage(
      IAS4IncomingMessageMetadata metadata,
      HttpHeaderMap headers,
      Ebms3UserMessage message,
      IPMode pmode,
      Node payload,
      ICommonsList<WSS4JAttachment> attachments,
      IAS4IncomingMessageState state,
      AS4ErrorList errors) {
    try {
      Path place = folder == null ? null : folder.resolve(message.getMessageInfo().getMessageId());
      if (place != null) {
        Files.createDirectories(place);
      }
      JsonArray parts = new JsonArray();
      if (attachments != null) {
        for (int n = 0; n < attachments.size(); n++) {
          WSS4JAttachment part = attachments.get(n);
          try (InputStream content = part.getSourceStream()) {
            if (place == null) {
              content.transferTo(java.io.OutputStream.nullOutputStream());
            } else {
              Files.copy(content, place.resolve("part-" + n));
            }
          }
          parts.add(
              new JsonObject().add("id", part.getId()).add("mediaType", part.getUncompressedMimeType()));
        }
      }
      if (place != null) {
        Files.writeString(place.resolve("message.json"), describe(message, state, parts).getAsJsonString());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return AS4MessageProcessorResult.createSuccess();
  }

  private static IJsonObject describe(
      Ebms3UserMessage message, IAS4IncomingMessageState state, JsonArray parts) {
    JsonArray infos = new JsonArray();
    if (message.getPayloadInfo() != null) {
      for (Ebms3PartInfo info : message.getPayloadInfo().getPartInfo()) {
        infos.add(
            new JsonObject()
                .add("href", info.getHref())
                .add("properties", properties(info.getPartProperties().getProperty())));
      }
    }
    Ebms3From from = message.getPartyInfo().getFrom();
    Ebms3To to = message.getPartyInfo().getTo();
    return new JsonObject()
        .add("messageId", message.getMessageInfo().getMessageId())
        .add("refToMessageId", message.getMessageInfo().getRefToMessageId())
        .add("from", party(from.getPartyId(), from.getRole()))
        .add("to", party(to.getPartyId(), to.getRole()))
        .add("service", message.getCollaborationInfo().getService().getValue())
        .add("serviceType", message.getCollaborationInfo().getService().getType())
        .add("action", message.getCollaborationInfo().getAction())
        .add("conversationId", message.getCollaborationInfo().getConversationId())
        .add("properties", properties(message.getMessageProperties().getProperty()))
        .add("partInfos", infos)
        .add("parts", parts)
        .add("signed", state.isSoapSignatureChecked())
        .add("decrypted", state.isSoapDecrypted())
        .add(
            "signer",
            state.hasSigningCertificate()
                ? state.getSigningCertificate().getSubjectX500Principal().getName()
                : null);
  }

  private static IJsonObject party(List<Ebms3PartyId> ids, String role) {
    return new JsonObject()
        .add("id", ids.get(0).getValue())
        .add("type", ids.get(0).getType())
        .add("role", role);
  }

  private static JsonArray properties(List<Ebms3Property> properties) {
    JsonArray listed = new JsonArray();
    for (Ebms3Property one : properties) {
      listed.add(
          new JsonObject().add("name", one.getName()).add("value", one.getValue()).add("type", one.getType()));
    }
    return listed;
  }

  @Override
  public AS4SignalMessageProcessorResult processAS4SignalMessage(
      IAS4IncomingMessageMetadata metadata,
      HttpHeaderMap headers,
      Ebms3SignalMessage message,
      IPMode pmode,
      IAS4IncomingMessageState state,
      AS4ErrorList errors) {
    return AS4SignalMessageProcessorResult.createSuccess();
  }

  @Override
  public void processAS4ResponseMessage(
      IAS4IncomingMessageMetadata metadata,
      IAS4IncomingMessageState state,
      String id,
      byte[] response,
      boolean available,
      AS4ErrorList errors) {
    // Nothing to do: the answer is the library's.
  }
}
