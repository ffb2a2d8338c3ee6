package io.slipway.linux;

import static io.slipway.linux.Bytes.b;
import static io.slipway.linux.Bytes.direct;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What every [InflaterProvider] does; that all pass it is the proof that they behave alike.
abstract class InflaterContract {
    private final long seed = new Random().nextLong();
    private final Random random = new Random(seed);
    private Inflater inflater = provider().open();

    abstract InflaterProvider provider();

    @BeforeEach
    void tellSeed() {
        System.out.println("seed " + seed);
    }

    @AfterEach
    void close() {
        inflater.close();
        inflater.close();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7, 100, 4096, 1 << 20})
    void givesBackWhatWasCompressedWithBuffersOfAnySize(int size) throws IOException {
        byte[] data = compressible(size < 100 ? 5_000 : 400_000);
        assertThat(inflateAll(gzip(data), size, size)).isEqualTo(data);
        inflater.reset();
        assertThat(inflateAll(gzip(data), size, 1 << 16)).isEqualTo(data);
        inflater.reset();
        assertThat(inflateAll(gzip(data), 1 << 16, size)).isEqualTo(data);
    }

    @Test
    void takesStoredFixedAndDynamicBlocks() throws IOException {
        byte[] noise = new byte[200_000];
        random.nextBytes(noise);
        for (byte[] data : new byte[][] {noise, compressible(100_000), b("a"), new byte[3_000_000]}) {
            for (int level : new int[] {0, 1, 6, 9}) {
                assertThat(inflateAll(gzip(data, level), 1000, 3000))
                        .as("level %d, %d bytes", level, data.length)
                        .isEqualTo(data);
                inflater.reset();
            }
        }
    }

    @Test
    void stopsAtTheEndOfAMemberAndLeavesTheRest() throws IOException {
        byte[] first = gzip(b("first"));
        ByteBuffer in = direct(concat(first, gzip(b("second")), b("rest")));
        ByteBuffer out = ByteBuffer.allocateDirect(100);
        assertThat(inflater.inflate(in, out)).isEqualTo(Inflater.Status.END_OF_MEMBER);
        assertThat(in.position()).isEqualTo(first.length);
        assertThat(inflater.midMember()).isFalse();
        inflater.reset();
        assertThat(inflater.inflate(in, out)).isEqualTo(Inflater.Status.END_OF_MEMBER);
        assertThat(in.remaining()).isEqualTo(4);
        assertThat(Bytes.text(Arrays.copyOf(taken(out), 11))).isEqualTo("firstsecond");
        inflater.reset();
        assertThatThrownBy(() -> inflater.inflate(in, out)).isInstanceOf(GzipFormatException.class);
    }

    @Test
    void takesManyEmptyMembers() throws IOException {
        byte[] empty = gzip(new byte[0]);
        byte[] many = new byte[empty.length * 20_000];
        for (int i = 0; i < many.length; i += empty.length) {
            System.arraycopy(empty, 0, many, i, empty.length);
        }
        ByteBuffer in = direct(many);
        ByteBuffer out = ByteBuffer.allocateDirect(16);
        int members = 0;
        while (in.hasRemaining()) {
            assertThat(inflater.inflate(in, out)).isEqualTo(Inflater.Status.END_OF_MEMBER);
            inflater.reset();
            members++;
        }
        assertThat(members).isEqualTo(20_000);
        assertThat(out.position()).isZero();
    }

    @Test
    void takesHeadersWithEveryOptionalPartCutAnywhere() throws IOException {
        byte[] body = rawDeflate(b("payload"));
        for (int flags = 0; flags < 32; flags++) {
            byte[] member = concat(header(flags), body, trailer(b("payload")));
            for (int cut = 0; cut <= member.length; cut++) {
                ByteArrayOutputStream text = new ByteArrayOutputStream();
                ByteBuffer out = ByteBuffer.allocateDirect(64);
                Inflater.Status status = inflater.inflate(direct(Arrays.copyOf(member, cut)), out);
                if (cut < member.length) {
                    assertThat(status).as("flags %d cut %d", flags, cut).isEqualTo(Inflater.Status.NEED_INPUT);
                    assertThat(inflater.midMember()).isEqualTo(cut > 0);
                    status = inflater.inflate(direct(Arrays.copyOfRange(member, cut, member.length)), out);
                }
                assertThat(status).as("flags %d cut %d", flags, cut).isEqualTo(Inflater.Status.END_OF_MEMBER);
                text.writeBytes(taken(out));
                assertThat(text.toString(java.nio.charset.StandardCharsets.US_ASCII))
                        .isEqualTo("payload");
                inflater.reset();
            }
        }
    }

    @Test
    void skipsALongNameWithoutKeepingIt() throws IOException {
        byte[] start = {0x1f, (byte) 0x8b, 8, 8, 0, 0, 0, 0, 0, 3};
        ByteBuffer out = ByteBuffer.allocateDirect(64);
        assertThat(inflater.inflate(direct(start), out)).isEqualTo(Inflater.Status.NEED_INPUT);
        byte[] name = new byte[1 << 20];
        Arrays.fill(name, (byte) 'n');
        for (int i = 0; i < 16; i++) {
            assertThat(inflater.inflate(direct(name), out)).isEqualTo(Inflater.Status.NEED_INPUT);
        }
        byte[] end = concat(new byte[1], rawDeflate(b("x")), trailer(b("x")));
        assertThat(inflater.inflate(direct(end), out)).isEqualTo(Inflater.Status.END_OF_MEMBER);
        assertThat(taken(out)).isEqualTo(b("x"));
    }

    @Test
    void saysThatATruncatedMemberIsNotFinished() throws IOException {
        byte[] member = gzip(compressible(5000));
        for (int cut : new int[] {1, 5, 9, 10, 11, member.length / 2, member.length - 9, member.length - 1}) {
            ByteBuffer in = direct(Arrays.copyOf(member, cut));
            ByteBuffer out = ByteBuffer.allocateDirect(10_000);
            assertThat(inflater.inflate(in, out)).as("cut %d", cut).isEqualTo(Inflater.Status.NEED_INPUT);
            assertThat(inflater.midMember()).as("cut %d", cut).isTrue();
            inflater.reset();
            assertThat(inflater.midMember()).isFalse();
        }
    }

    @Test
    void noticesAWrongCrcAndAWrongLength() throws IOException {
        byte[] data = compressible(70_000);
        for (int i = 1; i <= 8; i++) {
            byte[] damaged = gzip(data);
            damaged[damaged.length - i] ^= 0x10;
            assertThatThrownBy(() -> inflateAll(damaged, 999, 5000))
                    .isInstanceOf(GzipFormatException.class)
                    .hasMessageContaining("CRC or the length");
            inflater.reset();
        }
        assertThat(inflateAll(gzip(data), 999, 5000)).isEqualTo(data);
    }

    /// The engine may have read ahead into the bytes that it takes for the trailer.
    @Test
    void refusesDeflateDataWithAnythingButItsTrailerBehind() throws IOException {
        byte[] data = {0x63, 0x63, 0, (byte) 0x97, (byte) 0x96, 0x43, 0x21, 3, (byte) 0xEA, (byte) 0xEE, 0x24, 0, 0};
        byte[] behind = gzip(b("next"));
        for (int kept = 0; kept <= data.length; kept++) {
            for (int more = 0; more <= behind.length; more++) {
                ByteArrayOutputStream member = new ByteArrayOutputStream();
                member.writeBytes(new byte[] {0x1F, (byte) 0x8B, 8, 0, 0, 0, 0, 0, 0, 3});
                member.write(data, 0, kept);
                member.write(behind, 0, more);
                inflater.reset();
                Inflater.Status status = Inflater.Status.NEED_INPUT;
                try {
                    status = inflater.inflate(direct(member.toByteArray()), ByteBuffer.allocateDirect(1000));
                } catch (GzipFormatException damaged) {
                    assertThat(damaged.getMessage()).isNotEmpty();
                }
                assertThat(status).isNotEqualTo(Inflater.Status.END_OF_MEMBER);
            }
        }
    }

    @Test
    void noticesAWrongHeader() {
        byte[] good = header(2);
        for (int at : new int[] {0, 1, 2, 11}) {
            byte[] damaged = good.clone();
            damaged[at] ^= 0x40;
            assertRefused(damaged);
        }
        byte[] reserved = header(0);
        reserved[3] |= (byte) 0x80;
        assertRefused(reserved);
    }

    @Test
    void noticesGarbageInsteadOfDeflate() {
        // Block type 3 is reserved (RFC 1951, 3.2.3); a distance before the start of the data.
        assertRefused(concat(header(0), new byte[] {7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
        assertRefused(concat(header(0), new byte[] {3, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
        assertRefused(concat(header(0), new byte[] {1, 5, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0}));
    }

    @Test
    void neverTakesRandomDamageForWhole() throws IOException {
        byte[] data = compressible(20_000);
        byte[] member = gzip(data);
        for (int round = 0; round < 300; round++) {
            byte[] damaged = member.clone();
            damaged[10 + random.nextInt(damaged.length - 10)] ^= (byte) (1 << random.nextInt(8));
            ByteBuffer in = direct(damaged);
            ByteBuffer out = ByteBuffer.allocateDirect(1 << 16);
            try {
                Inflater.Status status = inflater.inflate(in, out);
                if (status == Inflater.Status.END_OF_MEMBER) {
                    // Bits of padding behind the last code carry nothing.
                    assertThat(taken(out)).as("seed %d round %d", seed, round).isEqualTo(data);
                }
            } catch (GzipFormatException expected) {
                assertThat(expected.getMessage()).isNotBlank();
            }
            inflater.reset();
        }
    }

    @Test
    void asksForRoomUntilAllIsOut() throws IOException {
        ByteBuffer in = direct(gzip(new byte[1_000_000]));
        ByteBuffer out = ByteBuffer.allocateDirect(999_999);
        assertThat(inflater.inflate(in, out)).isEqualTo(Inflater.Status.NEED_OUTPUT);
        assertThat(inflater.inflate(in, ByteBuffer.allocateDirect(0))).isEqualTo(Inflater.Status.NEED_OUTPUT);
        assertThat(inflater.inflate(in, ByteBuffer.allocateDirect(1)))
                .isIn(Inflater.Status.END_OF_MEMBER, Inflater.Status.NEED_OUTPUT);
    }

    @Test
    void leavesBytesOutsideTheBuffersLimitsAlone() throws IOException {
        byte[] data = compressible(3000);
        byte[] member = gzip(data);
        ByteBuffer in = ByteBuffer.allocateDirect(member.length + 20)
                .position(10)
                .put(member)
                .limit(member.length + 10);
        in.position(10);
        ByteBuffer out = ByteBuffer.allocateDirect(5000);
        for (int i = 0; i < 5000; i++) {
            out.put(i, (byte) 0x55);
        }
        out.position(100).limit(100 + data.length);
        assertThat(inflater.inflate(in, out)).isEqualTo(Inflater.Status.END_OF_MEMBER);
        out.clear();
        for (int i = 0; i < 100; i++) {
            assertThat(out.get(i)).isEqualTo((byte) 0x55);
            assertThat(out.get(100 + data.length + i)).isEqualTo((byte) 0x55);
        }
    }

    @Test
    void wantsAResetAfterTheEndAndAfterDamage() throws IOException {
        assertThat(inflater.inflate(direct(gzip(b("x"))), ByteBuffer.allocateDirect(9)))
                .isEqualTo(Inflater.Status.END_OF_MEMBER);
        assertThatThrownBy(() -> inflater.inflate(direct(b("x")), ByteBuffer.allocateDirect(9)))
                .isInstanceOf(IllegalStateException.class);
        inflater.reset();
        assertThatThrownBy(() -> inflater.inflate(direct(b("x")), ByteBuffer.allocateDirect(9)))
                .isInstanceOf(GzipFormatException.class);
        assertThatThrownBy(() -> inflater.inflate(direct(b("x")), ByteBuffer.allocateDirect(9)))
                .isInstanceOf(IllegalStateException.class);
    }

    @Test
    void refusesHeapBuffersAndUseAfterClose() {
        assertThatThrownBy(() -> inflater.inflate(ByteBuffer.allocate(9), ByteBuffer.allocateDirect(9)))
                .isInstanceOf(IllegalArgumentException.class);
        inflater.close();
        assertThatThrownBy(() -> inflater.inflate(direct(b("x")), ByteBuffer.allocateDirect(9)))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(inflater::reset).isInstanceOf(IllegalStateException.class);
    }

    private void assertRefused(byte[] input) {
        assertThatThrownBy(() -> inflater.inflate(direct(input), ByteBuffer.allocateDirect(100)))
                .isInstanceOf(GzipFormatException.class);
        inflater.reset();
    }

    /// The whole of one member, in pieces.
    private byte[] inflateAll(byte[] member, int inSize, int outSize) throws IOException {
        ByteArrayOutputStream result = new ByteArrayOutputStream();
        ByteBuffer out = ByteBuffer.allocateDirect(outSize);
        ByteBuffer in = ByteBuffer.allocateDirect(inSize).flip();
        int at = 0;
        while (true) {
            Inflater.Status status = inflater.inflate(in, out);
            result.writeBytes(taken(out));
            out.clear();
            switch (status) {
                case END_OF_MEMBER -> {
                    assertThat(at - in.remaining()).isEqualTo(member.length);
                    return result.toByteArray();
                }
                case NEED_INPUT -> {
                    assertThat(in.hasRemaining()).isFalse();
                    if (at == member.length) {
                        throw new AssertionError("truncated");
                    }
                    int n = Math.min(inSize, member.length - at);
                    in.clear().put(member, at, n).flip();
                    at += n;
                }
                case NEED_OUTPUT -> {}
            }
        }
    }

    private static byte[] taken(ByteBuffer out) {
        byte[] bytes = new byte[out.position()];
        out.get(0, bytes);
        return bytes;
    }

    private byte[] compressible(int length) {
        byte[] data = new byte[length];
        for (int i = 0; i < length; i++) {
            data[i] = i > 50 && random.nextInt(5) != 0
                    ? data[i - 1 - random.nextInt(Math.min(i - 1, 40_000))]
                    : (byte) random.nextInt(60);
        }
        return data;
    }

    static byte[] gzip(byte[] data) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
            gzip.write(data);
        }
        return out.toByteArray();
    }

    private static byte[] gzip(byte[] data, int level) {
        return concat(header(0), rawDeflate(data, level), trailer(data));
    }

    private static byte[] rawDeflate(byte[] data) {
        return rawDeflate(data, 6);
    }

    private static byte[] rawDeflate(byte[] data, int level) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (Deflater deflater = new Deflater(level, true)) {
            deflater.setInput(data);
            deflater.finish();
            byte[] piece = new byte[1 << 16];
            while (!deflater.finished()) {
                out.write(piece, 0, deflater.deflate(piece));
            }
        }
        return out.toByteArray();
    }

    /// A header with the parts that `flags` (0 to 31) announce: 1 text, 2 CRC, 4 extra, 8 name, 16 comment.
    private static byte[] header(int flags) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(new byte[] {0x1f, (byte) 0x8b, 8, (byte) flags, 1, 2, 3, 4, 0, 3});
        if ((flags & 4) != 0) {
            out.writeBytes(new byte[] {5, 0, 'A', 'B', 1, 0, 'z'});
        }
        if ((flags & 8) != 0) {
            out.writeBytes(b("na\u00ffme\0"));
        }
        if ((flags & 16) != 0) {
            out.writeBytes(b("a comment\0"));
        }
        if ((flags & 2) != 0) {
            CRC32 crc = new CRC32();
            crc.update(out.toByteArray());
            out.write((int) crc.getValue() & 0xff);
            out.write((int) crc.getValue() >> 8 & 0xff);
        }
        return out.toByteArray();
    }

    private static byte[] trailer(byte[] data) {
        CRC32 crc = new CRC32();
        crc.update(data);
        return ByteBuffer.allocate(8)
                .order(java.nio.ByteOrder.LITTLE_ENDIAN)
                .putInt((int) crc.getValue())
                .putInt(data.length)
                .array();
    }

    private static byte[] concat(byte[]... parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            out.writeBytes(part);
        }
        return out.toByteArray();
    }
}
