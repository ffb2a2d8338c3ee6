package io.slipway.puller.hosts;

import io.slipway.puller.RegistryException;
import io.slipway.puller.hosts.TlsFiles.ClientFiles;
import io.slipway.puller.hosts.TlsIdentity.ClientPem;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Reads the certificate files of an endpoint. A file that is missing or holds no PEM block fails the pull: going on
/// without it would mean less trust than the operator asked for, or a refusal nobody understands.
final class TlsLoader {
    private static final int FILE_BYTES_MAX = 4 << 20;
    private static final Pattern CERTIFICATES =
            Pattern.compile("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", Pattern.DOTALL);
    private static final Pattern KEY = Pattern.compile(
            "-----BEGIN (?:RSA |EC )?PRIVATE KEY-----.*?-----END (?:RSA |EC )?PRIVATE KEY-----", Pattern.DOTALL);

    private TlsLoader() {}

    static TlsIdentity load(TlsFiles files, String authority) throws RegistryException {
        if (files.isDefault()) {
            return TlsIdentity.SYSTEM;
        }
        List<String> authorities = new ArrayList<>();
        for (Path file : files.ca()) {
            authorities.addAll(blocks(CERTIFICATES, read(file, authority), file, authority, "certificate"));
        }
        List<ClientPem> clients = new ArrayList<>();
        for (ClientFiles client : files.clients()) {
            String certificate = read(client.certificate(), authority);
            Path keyFile = client.key().orElse(client.certificate());
            clients.add(new ClientPem(
                    String.join(
                            "\n", blocks(CERTIFICATES, certificate, client.certificate(), authority, "certificate")),
                    blocks(KEY, read(keyFile, authority), keyFile, authority, "unencrypted private key")
                            .getFirst()));
        }
        return new TlsIdentity(authorities, clients, files.skipVerify());
    }

    private static List<String> blocks(Pattern pattern, String text, Path file, String authority, String what)
            throws RegistryException {
        List<String> found = new ArrayList<>();
        Matcher matcher = pattern.matcher(text);
        while (matcher.find()) {
            found.add(matcher.group());
        }
        if (found.isEmpty()) {
            throw new RegistryException(
                    RegistryException.Code.CONFIGURATION,
                    authority,
                    file + " holds no PEM " + what + " for " + authority + "; correct the file or the hosts.toml");
        }
        return found;
    }

    private static String read(Path file, String authority) throws RegistryException {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(FILE_BYTES_MAX + 1);
            if (bytes.length > FILE_BYTES_MAX) {
                throw new IOException("larger than " + FILE_BYTES_MAX + " bytes");
            }
            return new String(bytes, StandardCharsets.US_ASCII);
        } catch (IOException e) {
            throw new RegistryException(
                    RegistryException.Code.CONFIGURATION,
                    authority,
                    "can't read " + file + ", configured for " + authority + " ("
                            + e.getClass().getSimpleName() + "); correct the hosts.toml",
                    e);
        }
    }
}
