package peer;

import com.helger.collection.commons.CommonsArrayList;
import com.helger.http.EHttpMethod;
import com.helger.httpclient.HttpClientSettings;
import com.helger.json.IJsonArray;
import com.helger.json.IJsonObject;
import com.helger.json.JsonArray;
import com.helger.json.JsonObject;
import com.helger.json.serialize.JsonReader;
import com.helger.mime.parse.MimeTypeParser;
import com.helger.phase4.attachment.AS4OutgoingAttachment;
import com.helger.phase4.crypto.AS4CryptoFactoryInMemoryKeyStore;
import com.helger.phase4.crypto.ECryptoKeyDerivationMethod;
import com.helger.phase4.crypto.ECryptoKeyIdentifierType;
import com.helger.phase4.crypto.IAS4CryptoFactory;
import com.helger.phase4.ebms3header.Ebms3Error;
import com.helger.phase4.ebms3header.Ebms3SignalMessage;
import com.helger.phase4.incoming.AS4IncomingProfileSelectorConstant;
import com.helger.phase4.incoming.AS4RequestHandler;
import com.helger.phase4.incoming.AS4ServerInitializer;
import com.helger.phase4.messaging.http.HttpRetrySettings;
import com.helger.phase4.model.MessageProperty;
import com.helger.phase4.model.pmode.PModeParty;
import com.helger.phase4.model.pmode.resolve.AS4DefaultPModeResolver;
import com.helger.phase4.model.pmode.resolve.IAS4PModeResolver;
import com.helger.phase4.sender.AS4Sender;
import com.helger.phase4.sender.EAS4UserMessageSendResult;
import com.helger.phase4.sender.IAS4SignalMessageValidationResultHandler;
import com.helger.phase4.servlet.AS4UnifiedResponse;
import com.helger.phase4.servlet.AS4XServletHandler;
import com.helger.phase4.servlet.IAS4ServletRequestHandlerCustomizer;
import com.helger.web.scope.IRequestWebScopeWithoutResponse;
import com.helger.web.scope.mgr.WebScopeManager;
import com.helger.xservlet.AbstractXServlet;
import com.sun.management.OperatingSystemMXBean;
import java.io.BufferedReader;
import java.io.File;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.hc.core5.util.Timeout;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/**
 * A foreign AS4 access point for interoperability tests: phase4 behind Jetty on a loopback port.
 *
 * <p>Started with one JSON file of settings: us, partner (id, type, role), signing, encryption (PKCS#12 files),
 * password, trusted (PEM: anchors and partner certificates), recipient (PEM to encrypt for), inbox (a folder, or
 * absent), profile (as in our P-Mode files, default edelivery-1.15). It prints {"port": n, "java": 17}, then answers each line of JSON on standard input with one
 * line on standard output: {"do": "send", ...} or {"do": "loop", ...}. It ends with its standard input.
 */
public final class Peer {
  private final IJsonObject settings;
  private final PModeParty us;
  private final PModeParty partner;
  private final IAS4CryptoFactory signing;
  private final IAS4CryptoFactory encryption;
  private final String profile;

  private Peer(IJsonObject settings) throws Exception {
    this.settings = settings;
    profile = settings.getAsString("profile", "edelivery-1.15");
    us = Profile.party(settings.getAsObject("us"));
    partner = Profile.party(settings.getAsObject("partner"));
    signing = keys(settings.getAsString("signing"));
    encryption = keys(settings.getAsString("encryption"));
  }

  public static void main(String[] arguments) throws Exception {
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    System.setOut(System.err); // nothing but answers may reach the reader
    Peer peer = new Peer((IJsonObject) JsonReader.readFromString(Files.readString(Path.of(arguments[0]))));
    out.println(
        new JsonObject()
            .add("port", peer.serve())
            .add("java", Runtime.version().feature())
            .getAsJsonString());
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      IJsonObject answer;
      try {
        IJsonObject asked = (IJsonObject) JsonReader.readFromString(line);
        answer = "loop".equals(asked.getAsString("do")) ? peer.loop(asked) : peer.send(asked);
      } catch (Exception e) {
        answer = new JsonObject().add("exception", e.toString());
      }
      out.println(answer.getAsJsonString());
    }
    System.exit(0);
  }

  /**
   * Keys of a PKCS#12 file with the alias "key", or of a PEM file with a certificate and its private key (X25519);
   * what is trusted comes from the PEM file of the settings.
   */
  private IAS4CryptoFactory keys(String file) throws Exception {
    char[] password = settings.getAsString("password").toCharArray();
    KeyStore keys = KeyStore.getInstance("PKCS12");
    if (file.endsWith(".pem")) {
      String[] pem = Files.readString(Path.of(file)).split("-----[A-Z ]+-----");
      X509Certificate certificate = certificate(file);
      PrivateKey key =
          KeyFactory.getInstance(certificate.getPublicKey().getAlgorithm())
              .generatePrivate(new PKCS8EncodedKeySpec(Base64.getMimeDecoder().decode(pem[3])));
      keys.load(null, null);
      keys.setKeyEntry("key", key, password, new Certificate[] {certificate});
    } else {
      try (InputStream in = Files.newInputStream(Path.of(file))) {
        keys.load(in, password);
      }
    }
    KeyStore trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, null);
    try (InputStream in = Files.newInputStream(Path.of(settings.getAsString("trusted")))) {
      for (Certificate one : CertificateFactory.getInstance("X.509").generateCertificates(in)) {
        trusted.setCertificateEntry("trusted-" + trusted.size(), one);
      }
    }
    return new AS4CryptoFactoryInMemoryKeyStore(keys, "key", password, trusted);
  }

  private int serve() throws Exception {
    Inbox inbox = new Inbox(settings.containsKey("inbox") ? Path.of(settings.getAsString("inbox")) : null);
    // Not the library's manager: it takes all P-Modes of the same two parties for one.
    IAS4PModeResolver agreed =
        (id, service, action, from, to, agreement, address) ->
            Profile.SERVICE.equals(service)
                    && Profile.ACTIONS.contains(action)
                    && partner.getIDValue().equals(from)
                    && us.getIDValue().equals(to)
                ? Profile.pmode(partner, us, action, null, true, true, Profile.signature(profile))
                : null;
    IAS4ServletRequestHandlerCustomizer ours =
        new IAS4ServletRequestHandlerCustomizer() {
          @Override
          public void customizeBeforeHandling(
              IRequestWebScopeWithoutResponse scope, AS4UnifiedResponse response, AS4RequestHandler handler) {
            handler.setCryptoFactorySign(signing);
            handler.setCryptoFactoryCrypt(encryption);
            handler.setPModeResolver(agreed);
            handler.setIncomingProfileSelector(new AS4IncomingProfileSelectorConstant(null, false));
            handler.setProcessorSupplier(() -> new CommonsArrayList<>(inbox));
          }

          @Override
          public void customizeAfterHandling(
              IRequestWebScopeWithoutResponse scope, AS4UnifiedResponse response, AS4RequestHandler handler) {}
        };
    ServletContextHandler context = new ServletContextHandler();
    context.setContextPath("/");
    WebScopeManager.onGlobalBegin(context.getServletContext()); // before any servlet of the library exists
    AS4ServerInitializer.initAS4Server();
    AbstractXServlet servlet =
        new AbstractXServlet() {
          {
            settings().setMultipartEnabled(false); // AS4 reads its MIME parts itself
            handlerRegistry()
                .registerHandler(EHttpMethod.POST, new AS4XServletHandler().setRequestHandlerCustomizer(ours));
          }
        };
    context.addServlet(new ServletHolder(servlet), "/as4");
    Server server = new Server();
    ServerConnector connector = new ServerConnector(server);
    connector.setHost("127.0.0.1");
    server.addConnector(connector);
    server.setHandler(context);
    server.start();
    return connector.getLocalPort();
  }

  /** Sends the parts of one message and tells what came back, as JSON. */
  private IJsonObject send(IJsonObject asked) throws Exception {
    boolean sign = asked.getAsBoolean("sign", true);
    boolean encrypt = asked.getAsBoolean("encrypt", true);
    String action = asked.getAsString("action", Profile.ACTIONS.get(0));
    String url = asked.getAsString("url");
    String sent = asked.getAsString("profile", profile);
    JsonObject answer = new JsonObject();
    AS4Sender.BuilderUserMessage builder =
        AS4Sender.builderUserMessage()
            .as4ProfileID("oots")
            .pmodeResolver(new AS4DefaultPModeResolver(null))
            .incomingProfileSelector(new AS4IncomingProfileSelectorConstant(null, false))
            .httpClientFactory(new HttpClientSettings().setResponseTimeout(Timeout.ofMinutes(2)))
            .httpRetrySettings(new HttpRetrySettings().setMaxRetries(0))
            .pmode(Profile.pmode(us, partner, action, url, sign, encrypt, Profile.signature(sent)))
            .cryptoFactorySign(asked.containsKey("signing") ? keys(asked.getAsString("signing")) : signing)
            .cryptoFactoryCrypt(encryption)
            .receiverCertificate(certificate(asked.getAsString("recipient", settings.getAsString("recipient"))))
            .withSigningParams(p -> p.setKeyIdentifierType(reference(asked, "signingReference")))
            .withCryptParams(
                p -> {
                  p.setKeyIdentifierType(reference(asked, "encryptionReference"));
                  Profile.keyAgreement(p, sent);
                  if (asked.containsKey("derivation")) {
                    p.setKeyDerivationMethod(
                        ECryptoKeyDerivationMethod.valueOf(asked.getAsString("derivation")));
                  }
                })
            .service(Profile.SERVICE_TYPE, asked.getAsString("service", Profile.SERVICE))
            .action(action)
            .messageID(asked.getAsString("messageId", UUID.randomUUID() + "@phase4.example"))
            .refToMessageID(asked.getAsString("refToMessageId"))
            .conversationID(asked.getAsString("conversationId", "conversation-1"))
            .fromPartyID(us.getIDValue())
            .fromPartyIDType(us.getIDType())
            .fromRole(us.getRole())
            .toPartyID(partner.getIDValue())
            .toPartyIDType(partner.getIDType())
            .toRole(partner.getRole())
            .endpointURL(url)
            .forceMimeMessage(true);
    for (IJsonObject one : objects(asked, "properties")) {
      builder.addMessageProperty(
          new MessageProperty(one.getAsString("name"), one.getAsString("type"), one.getAsString("value")));
    }
    for (IJsonObject one : objects(asked, "parts")) {
      AS4OutgoingAttachment.Builder part =
          AS4OutgoingAttachment.builder()
              .data(new File(one.getAsString("file")))
              .contentID(one.getAsString("id"))
              .mimeType(MimeTypeParser.parseMimeType(one.getAsString("mediaType")));
      if (one.getAsBoolean("compress", true)) {
        part.compressionGZIP();
      }
      builder.addAttachment(part);
    }
    JsonArray differences = new JsonArray();
    answer.add("references", "not compared").add("differences", differences);
    builder.signalMsgValidationResultHdl(
        new IAS4SignalMessageValidationResultHandler() {
          @Override
          public void onSuccess() {
            answer.add("references", "equal");
          }

          @Override
          public void onError(String text) {
            answer.add("references", "differ");
            differences.add(text);
          }

          @Override
          public void onNotApplicable() {}
        });
    builder.signalMsgConsumer(
        (signal, metadata, state) -> answer.add("signal", describe(signal)).add("signed", state.isSoapSignatureChecked()));
    EAS4UserMessageSendResult result =
        builder.sendMessageAndCheckForReceipt(e -> answer.add("exception", causes(e)));
    return answer.add("result", result.getID());
  }

  /** Sends the same message n times by k threads; the files are read anew each time, as a user would. */
  private IJsonObject loop(IJsonObject asked) throws Exception {
    int messages = asked.getAsInt("messages", 100);
    ExecutorService threads = Executors.newFixedThreadPool(asked.getAsInt("threads", 1));
    OperatingSystemMXBean system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    long cpu = system.getProcessCpuTime();
    long start = System.nanoTime();
    List<Future<IJsonObject>> sent = new ArrayList<>();
    for (int n = 0; n < messages; n++) {
      sent.add(threads.submit(() -> send(asked)));
    }
    int acknowledged = 0;
    for (Future<IJsonObject> one : sent) {
      IJsonObject answer = one.get();
      if ("success".equals(answer.getAsString("result")) && "equal".equals(answer.getAsString("references"))) {
        acknowledged++;
      }
    }
    double seconds = (System.nanoTime() - start) / 1e9;
    threads.shutdown();
    return new JsonObject()
        .add("messages", messages)
        .add("acknowledged", acknowledged)
        .add("seconds", seconds)
        .add("messagesPerSecond", messages / seconds)
        .add("cpuSeconds", (system.getProcessCpuTime() - cpu) / 1e9);
  }

  private static IJsonObject describe(Ebms3SignalMessage signal) {
    JsonArray errors = new JsonArray();
    for (Ebms3Error error : signal.getError()) {
      errors.add(
          new JsonObject()
              .add("code", error.getErrorCode())
              .add("severity", error.getSeverity())
              .add("shortDescription", error.getShortDescription())
              .add("refToMessageInError", error.getRefToMessageInError())
              .add("description", error.getDescriptionValue()));
    }
    return new JsonObject()
        .add("refToMessageId", signal.getMessageInfo().getRefToMessageId())
        .add("receipt", signal.getReceipt() != null)
        .add("errors", errors);
  }

  private static String causes(Throwable thrown) {
    StringBuilder text = new StringBuilder();
    for (Throwable one = thrown; one != null; one = one.getCause()) {
      text.append(one).append("; ");
    }
    return text.toString();
  }

  private static List<IJsonObject> objects(IJsonObject asked, String name) {
    List<IJsonObject> found = new ArrayList<>();
    IJsonArray listed = asked.getAsArray(name);
    if (listed != null) {
      listed.iteratorObjects().forEach(found::add);
    }
    return found;
  }

  private static ECryptoKeyIdentifierType reference(IJsonObject asked, String name) {
    return ECryptoKeyIdentifierType.getFromIDOrThrow(asked.getAsString(name, "bst"));
  }

  private static X509Certificate certificate(String file) throws Exception {
    try (InputStream in = Files.newInputStream(Path.of(file))) {
      return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
    }
  }
}
