// The JDK's SSLSocket in the part that ../peers/echo.ts describes.

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

public class JdkEcho {
    static final Map<String, String> options = new HashMap<>();

    public static void main(String[] args) {
        System.setProperty("com.sun.net.ssl.requireCloseNotify", "true");
        for (String arg : args) options.put(arg.substring(0, arg.indexOf('=')), arg.substring(arg.indexOf('=') + 1));
        try (SSLSocket socket = connect()) {
            socket.setSSLParameters(parameters(socket.getSSLParameters()));
            socket.startHandshake();
            System.out.println("opened " + socket.getSession().getProtocol() + " " + alpn(socket) + " " + peer(socket));
            echo(socket);
        } catch (Exception error) {
            System.out.println("failed " + error);
            System.exit(1);
        }
        // The socket has been closed: user_canceled and close_notify under TLS 1.3, close_notify alone under TLS 1.2.
        System.out.println("closed");
    }

    static SSLSocket connect() throws Exception {
        boolean client = options.get("role").equals("client");
        Socket socket;
        if (client) {
            socket = new Socket(InetAddress.getLoopbackAddress(), Integer.parseInt(options.get("port")));
        } else {
            ServerSocket server = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"));
            System.out.println("port " + server.getLocalPort());
            socket = server.accept();
        }
        SSLSocket tls = (SSLSocket) context().getSocketFactory().createSocket(socket, "localhost", socket.getPort(), true);
        tls.setUseClientMode(client);
        return tls;
    }

    static SSLParameters parameters(SSLParameters parameters) {
        boolean client = options.get("role").equals("client");
        parameters.setProtocols(new String[] {options.get("version")});
        parameters.setApplicationProtocols(new String[] {options.get("alpn")});
        if (client) {
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
            parameters.setServerNames(List.of(new SNIHostName("localhost"))); // by itself it sends only names with a dot
        } else {
            parameters.setNeedClientAuth(options.containsKey("ca"));
        }
        return parameters;
    }

    static SSLContext context() throws Exception {
        KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
        KeyStore own = KeyStore.getInstance("PKCS12");
        own.load(null, null);
        if (options.containsKey("cert")) own.setKeyEntry("own", key(), new char[0], new Certificate[] {certificate("cert")});
        keys.init(own, new char[0]);
        TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        // It must not be empty, although a server that asks for no certificate has no use for it.
        trusted.setCertificateEntry("ca", certificate(options.containsKey("ca") ? "ca" : "cert"));
        trust.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
        return context;
    }

    static Certificate certificate(String option) throws Exception {
        byte[] pem = Files.readAllBytes(Path.of(options.get(option)));
        return CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(pem));
    }

    static PrivateKey key() throws Exception {
        String pem = Files.readString(Path.of(options.get("key")));
        var spec = new PKCS8EncodedKeySpec(Base64.getMimeDecoder().decode(pem.replaceAll("-----.*-----", "")));
        try {
            return KeyFactory.getInstance("EC").generatePrivate(spec);
        } catch (InvalidKeySpecException notEc) {
            return KeyFactory.getInstance("RSA").generatePrivate(spec);
        }
    }

    static String alpn(SSLSocket socket) {
        return socket.getApplicationProtocol().isEmpty() ? "-" : socket.getApplicationProtocol();
    }

    static String peer(SSLSocket socket) {
        try {
            return ((X509Certificate) socket.getSession().getPeerCertificates()[0]).getSubjectX500Principal().getName();
        } catch (SSLPeerUnverifiedException none) {
            return "-";
        }
    }

    static void echo(SSLSocket socket) throws Exception {
        InputStream in = socket.getInputStream();
        OutputStream out = socket.getOutputStream();
        long count = Long.parseLong(options.get("count"));
        byte[] buffer = new byte[16384];
        for (long echoed = 0; count == 0 || echoed < count;) {
            int length = in.read(buffer); // throws if we end without close_notify
            if (length < 0) {
                System.out.println("end");
                return;
            }
            out.write(buffer, 0, length);
            echoed += length;
        }
    }
}
