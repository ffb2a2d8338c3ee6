import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/// Raises classes of Java 5 format (49) in a jar to that of Java 6 (50), in place: `java RaiseClassVersion.java JAR`.
/// An AOT cache leaves out older formats, and picocli is published in that one; loading it from the jar at every
/// start costs both programs about 30 ms of CPU. Format 50 differs in nothing but that it may carry stack maps; without
/// them the JVM verifies as before (JVMS 4.10).
class RaiseClassVersion {
    private static final int MAJOR_LOW_BYTE = 7;
    private static final byte JAVA_5 = 49;
    private static final byte JAVA_6 = 50;

    public static void main(String[] args) throws IOException {
        Path jar = Path.of(args[0]);
        Path raised = jar.resolveSibling(jar.getFileName() + ".raised");
        try (ZipFile in = new ZipFile(jar.toFile());
                OutputStream file = Files.newOutputStream(raised);
                ZipOutputStream out = new ZipOutputStream(file)) {
            for (ZipEntry entry : List.copyOf(in.stream().toList())) {
                byte[] bytes = in.getInputStream(entry).readAllBytes();
                if (entry.getName().endsWith(".class") && bytes[MAJOR_LOW_BYTE] == JAVA_5) {
                    bytes[MAJOR_LOW_BYTE] = JAVA_6;
                }
                ZipEntry same = new ZipEntry(entry.getName());
                same.setTime(entry.getTime());
                out.putNextEntry(same);
                out.write(bytes);
                out.closeEntry();
            }
        }
        Files.move(raised, jar, StandardCopyOption.REPLACE_EXISTING);
    }
}
