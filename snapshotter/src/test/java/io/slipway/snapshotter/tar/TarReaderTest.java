package io.slipway.snapshotter.tar;

import static io.slipway.snapshotter.testing.Tar.dir;
import static io.slipway.snapshotter.testing.Tar.extended;
import static io.slipway.snapshotter.testing.Tar.file;
import static io.slipway.snapshotter.testing.Tar.hardLink;
import static io.slipway.snapshotter.testing.Tar.item;
import static io.slipway.snapshotter.testing.Tar.longName;
import static io.slipway.snapshotter.testing.Tar.record;
import static io.slipway.snapshotter.testing.Tar.symlink;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.slipway.cas.ApiException;
import io.slipway.linux.Timestamp;
import io.slipway.snapshotter.testing.Tar;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TarReaderTest {
    private static final TarLimits LIMITS = new TarLimits(1000, 1L << 40);

    /// An entry and its content.
    private static final class Read {
        private final TarEntry entry;
        private final byte[] content;

        Read(TarEntry entry, byte[] content) {
            this.entry = entry;
            this.content = content;
        }

        TarEntry entry() {
            return entry;
        }

        byte[] content() {
            return content;
        }

        String name() {
            return new String(entry.name(), ISO_8859_1);
        }

        String text() {
            return new String(content(), ISO_8859_1);
        }
    }

    /// Reads everything through buffers of `run` bytes, so that headers and data straddle them.
    private static List<Read> read(byte[] tar, int run) throws IOException, InterruptedException {
        return read(tar, run, LIMITS);
    }

    private static List<Read> read(byte[] tar, int run, TarLimits limits) throws IOException, InterruptedException {
        int[] at = {0};
        TarReader reader = new TarReader(
                () -> {
                    if (at[0] >= tar.length) {
                        return null;
                    }
                    int n = Math.min(run, tar.length - at[0]);
                    ByteBuffer buffer = ByteBuffer.wrap(tar, at[0], n);
                    at[0] += n;
                    return buffer;
                },
                limits);
        List<Read> entries = new ArrayList<>();
        for (TarEntry entry = reader.next(); entry != null; entry = reader.next()) {
            byte[] content = entry.size() < 1 << 20 ? new byte[(int) entry.size()] : new byte[0];
            for (ByteBuffer data = reader.data(); data != null; data = reader.data()) {
                data.get(content, (int) reader.dataOffset(), data.remaining());
            }
            entries.add(new Read(entry, content));
        }
        reader.drain();
        assertThat(reader.position()).isEqualTo(tar.length);
        return entries;
    }

    private static List<Read> read(byte[] tar) throws IOException, InterruptedException {
        return read(tar, 300);
    }

    private static Map<String, byte[]> records(String... pairs) {
        Map<String, byte[]> records = new LinkedHashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            records.put(pairs[i], pairs[i + 1].getBytes(ISO_8859_1));
        }
        return records;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 300, 512, 1024, 1 << 20})
    void readsAllKindsWhateverTheBufferSize(int run) throws Exception {
        byte[] tar = new Tar()
                .add(dir("d/").mode(01777).owner(5, 6))
                .add(file("d/f", "hello").mode(04755))
                .add(symlink("d/s", "../x"), hardLink("d/h", "d/f"))
                .add(item('3', "null").device(1, 3), item('4', "disk").device(8, 0), item('6', "pipe"))
                .add(file("empty", ""))
                .end();
        List<Read> entries = read(tar, run);
        assertThat(entries)
                .extracting(read -> read.entry().type())
                .containsExactly(
                        EntryType.DIRECTORY,
                        EntryType.FILE,
                        EntryType.SYMLINK,
                        EntryType.HARD_LINK,
                        EntryType.CHARACTER_DEVICE,
                        EntryType.BLOCK_DEVICE,
                        EntryType.FIFO,
                        EntryType.FILE);
        assertThat(entries.get(0).entry().mode()).isEqualTo(01777);
        assertThat(entries.get(0).entry().uid()).isEqualTo(5);
        assertThat(entries.get(0).entry().gid()).isEqualTo(6);
        assertThat(entries.get(1).text()).isEqualTo("hello");
        assertThat(entries.get(1).entry().mode()).isEqualTo(04755);
        assertThat(entries.get(2).entry().link()).isEqualTo("../x".getBytes(ISO_8859_1));
        assertThat(entries.get(4).entry().device().minor()).isEqualTo(3);
    }

    @Test
    void ustarJoinsPrefixAndName() throws Exception {
        assertThat(read(new Tar().add(file("c", "").prefix("a/b")).end())
                        .getFirst()
                        .name())
                .isEqualTo("a/b/c");
    }

    @Test
    void gnuHasNoPrefixButTimesInItsPlace() throws Exception {
        byte[] tar = new Tar()
                .add(file("c", "").gnu().mtime(5).patch(345, "00000000007\0".getBytes(ISO_8859_1)))
                .end();
        Read only = read(tar).getFirst();
        assertThat(only.name()).isEqualTo("c");
        assertThat(only.entry().accessed()).isEqualTo(new Timestamp(7, 0));
    }

    @Test
    void starHasAShorterPrefixAndTimes() throws Exception {
        byte[] tar = new Tar()
                .add(file("c", "")
                        .prefix("p")
                        .patch(508, "tar\0".getBytes(ISO_8859_1))
                        .patch(476, "00000000000 00000000000 ".getBytes(ISO_8859_1)))
                .end();
        assertThat(read(tar).getFirst().name()).isEqualTo("p/c");
    }

    @Test
    void v7IsReadWithoutDevicesOrPrefix() throws Exception {
        byte[] tar = new Tar()
                .add(file("old", "x").v7().patch(345, "ignored".getBytes(ISO_8859_1)))
                .end();
        assertThat(read(tar).getFirst().name()).isEqualTo("old");
    }

    @Test
    void typeNulIsAFileOrWithSlashADirectory() throws Exception {
        List<Read> entries =
                read(new Tar().add(item('\0', "f").data("x"), item('\0', "d/")).end());
        assertThat(entries)
                .extracting(read -> read.entry().type())
                .containsExactly(EntryType.FILE, EntryType.DIRECTORY);
        assertThat(entries.getFirst().text()).isEqualTo("x");
    }

    @Test
    void linksCarryNoDataWhateverTheirSizeSays() throws Exception {
        byte[] tar = new Tar()
                .add(hardLink("h", "f").size(3), symlink("s", "f").size(700), dir("d").size(9), file("f", "next"))
                .end();
        assertThat(read(tar)).extracting(Read::name).containsExactly("h", "s", "d", "f");
    }

    @Test
    void paxSizeCountsForTheRealEntryOnly() throws Exception {
        byte[] data = new byte[1024];
        Arrays.fill(data, (byte) 'q');
        byte[] tar = new Tar()
                .add(extended('x', Tar.paxBody(records("size", "1024"))))
                .add(longName("long"))
                .add(file("short", "").size(0).withoutData())
                .raw(data)
                .add(file("after", "y"))
                .end();
        List<Read> entries = read(tar);
        assertThat(entries).extracting(Read::name).containsExactly("long", "after");
        assertThat(entries.getFirst().content()).isEqualTo(data);
    }

    @Test
    void longNameBeatsPaxPathInEitherOrder() throws Exception {
        byte[] path = Tar.paxBody(records("path", "pax", "linkpath", "paxlink"));
        byte[] before = new Tar()
                .add(extended('x', path))
                .add(longName("gnu"))
                .add(file("h", ""))
                .end();
        byte[] after = new Tar()
                .add(longName("gnu"))
                .add(extended('x', path))
                .add(file("h", ""))
                .end();
        byte[] link = new Tar()
                .add(extended('K', "gnulink\0".getBytes(ISO_8859_1)))
                .add(extended('x', path))
                .add(symlink("h", "l"))
                .end();
        assertThat(read(before).getFirst().name()).isEqualTo("gnu");
        assertThat(read(after).getFirst().name()).isEqualTo("gnu");
        assertThat(read(link).getFirst().entry().link()).isEqualTo("gnulink".getBytes(ISO_8859_1));
    }

    @Test
    void aSecondExtendedHeaderReplacesTheFirst() throws Exception {
        byte[] tar = new Tar()
                .add(extended('x', Tar.paxBody(records("path", "one", "uid", "7"))))
                .add(extended('x', Tar.paxBody(records("path", "two"))))
                .add(file("h", ""))
                .end();
        assertThat(read(tar).getFirst().name()).isEqualTo("two");
        assertThat(read(tar).getFirst().entry().uid()).isZero();
    }

    @Test
    void theLastOfDuplicateKeysWinsAndAnEmptyValueKeepsTheHeader() throws Exception {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        body.writeBytes(record("path", "a".getBytes(ISO_8859_1)));
        body.writeBytes(record("path", "b".getBytes(ISO_8859_1)));
        body.writeBytes(record("uid", new byte[0]));
        byte[] tar = new Tar()
                .add(extended('x', body.toByteArray()))
                .add(file("h", "").owner(9, 9))
                .end();
        assertThat(read(tar).getFirst().name()).isEqualTo("b");
        assertThat(read(tar).getFirst().entry().uid()).isEqualTo(9);
    }

    @Test
    void globalHeadersAreSkipped() throws Exception {
        byte[] tar = new Tar()
                .add(extended('g', Tar.paxBody(records("path", "global", "uid", "5"))))
                .add(file("h", "").owner(1, 1))
                .end();
        assertThat(read(tar).getFirst().name()).isEqualTo("h");
        assertThat(read(tar).getFirst().entry().uid()).isEqualTo(1);
    }

    @Test
    void namesAndXattrsKeepTheirBytes() throws Exception {
        byte[] capability = {1, 0, 0, 2, (byte) 0x80, 0, 0, 0, 0, 10, '=', 0, 0, 0, 0, 0, 0, 0, 0, 0};
        byte[] tar = new Tar()
                .add(file("bad\u00ffutf", "").pax("SCHILY.xattr.security.capability", capability))
                .end();
        TarEntry entry = read(tar).getFirst().entry();
        assertThat(entry.name()).isEqualTo("bad\u00ffutf".getBytes(ISO_8859_1));
        assertThat(entry.xattrs().getFirst().latin1Name()).isEqualTo("security.capability");
        assertThat(entry.xattrs().getFirst().value()).isEqualTo(capability);
    }

    @Test
    void paxTimesAreReadToTheNanosecond() throws Exception {
        byte[] tar = new Tar()
                .add(file("a", "").pax("mtime", "1700000000.123456789999").pax("atime", "1600000000.5"))
                .add(file("b", "").pax("mtime", "-3.5"), file("c", "").pax("mtime", "99999999999999"))
                .end();
        List<Read> entries = read(tar);
        assertThat(entries.get(0).entry().modified()).isEqualTo(new Timestamp(1_700_000_000L, 123_456_789));
        assertThat(entries.get(0).entry().accessed()).isEqualTo(new Timestamp(1_700_000_000L, 123_456_789));
        assertThat(entries.get(1).entry().modified()).isEqualTo(new Timestamp(0, 0));
        assertThat(entries.get(2).entry().modified()).isEqualTo(new Timestamp(0, 0));
    }

    @Test
    void baseTwoFiftySixNumbersAreRead() throws Exception {
        byte[] tar =
                new Tar().add(file("a", "").owner(4_000_000_000L, 3_000_000)).end();
        assertThat(read(tar).getFirst().entry().uid()).isEqualTo(4_000_000_000L);
    }

    @Test
    void sparseFilesOfAllPaxFormsExpand() throws Exception {
        String expected = "\0\0ab\0\0\0\0c\0";
        byte[] zero =
                new Tar().add(extended('x', sparse00())).add(file("s", "abc")).end();
        byte[] one = new Tar()
                .add(file("s", "abc")
                        .pax("GNU.sparse.size", "10")
                        .pax("GNU.sparse.numblocks", "2")
                        .pax("GNU.sparse.map", "2,2,8,1"))
                .end();
        byte[] map = Arrays.copyOf("2\n2\n2\n8\n1\n".getBytes(ISO_8859_1), 515);
        System.arraycopy("abc".getBytes(ISO_8859_1), 0, map, 512, 3);
        byte[] two = new Tar()
                .add(file("GNUSparseFile.0/s", "")
                        .data(map)
                        .pax("GNU.sparse.major", "1")
                        .pax("GNU.sparse.minor", "0")
                        .pax("GNU.sparse.name", "s")
                        .pax("GNU.sparse.realsize", "10"))
                .end();
        for (byte[] tar : List.of(zero, one, two)) {
            Read only = read(tar).getFirst();
            assertThat(only.name()).isEqualTo("s");
            assertThat(only.text()).isEqualTo(expected);
            assertThat(only.entry().sparse()).isTrue();
        }
    }

    private static byte[] sparse00() {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        body.writeBytes(record("GNU.sparse.size", "10".getBytes(ISO_8859_1)));
        body.writeBytes(record("GNU.sparse.numblocks", "2".getBytes(ISO_8859_1)));
        for (String[] pair : new String[][] {{"2", "2"}, {"8", "1"}}) {
            body.writeBytes(record("GNU.sparse.offset", pair[0].getBytes(ISO_8859_1)));
            body.writeBytes(record("GNU.sparse.numbytes", pair[1].getBytes(ISO_8859_1)));
        }
        return body.toByteArray();
    }

    private static Tar.Item oldSparse(String realSize) {
        return item('S', "s")
                .data("abc")
                .gnu()
                .patch(386, "00000000002\00000000000002\000".getBytes(ISO_8859_1))
                .patch(410, "00000000010\00000000000001\000".getBytes(ISO_8859_1))
                .patch(483, realSize.getBytes(ISO_8859_1));
    }

    @Test
    void oldGnuSparseFilesExpand() throws Exception {
        assertThat(read(new Tar().add(oldSparse("00000000012\0")).end())
                        .getFirst()
                        .text())
                .isEqualTo("\0\0ab\0\0\0\0c\0");
    }

    @Test
    void trailingBytesAreReadAndIgnored() throws Exception {
        byte[] tar = new Tar()
                .add(file("a", "x"))
                .raw(new byte[1024])
                .raw("rubbish".getBytes(ISO_8859_1))
                .bytes();
        assertThat(read(tar)).hasSize(1);
    }

    @Test
    void endOfStreamEndsTheArchive() throws Exception {
        assertThat(read(new Tar().add(file("a", "x")).bytes())).hasSize(1);
        assertThat(read(new byte[0])).isEmpty();
    }

    @Test
    void malformedArchivesAreRefusedNamingTheEntry() {
        refused(
                new Tar()
                        .add(file("a", ""))
                        .raw(new byte[512])
                        .add(file("late", ""))
                        .end(),
                "lone zero block");
        refused(new Tar().add(file("cut", "0123456789").size(600)).bytes(), "entry cut");
        refused(Arrays.copyOf(new Tar().add(file("a", "")).bytes(), 300), "header ends early");
        byte[] damaged = new Tar().add(file("a", "")).end();
        damaged[0] = 'b';
        refused(damaged, "checksum");
        refused(new Tar().add(file("neg", "").patch(124, negative())).end(), "entry neg");
        refused(new Tar().add(file("p", "").pax("size", "-1")).end(), "entry p");
        refused(new Tar().add(file("p", "").pax("size", "9223372036854775808")).end(), "63 bits");
        refused(new Tar().add(file("p", "").pax("path", "a\0b")).end(), "NUL in PAX record");
        refused(new Tar().add(file("p", "").pax("mtime", "12x")).end(), "entry p");
        refused(new Tar().add(item('V', "volume")).end(), "entry volume");
        refused(new Tar().add(file("", "")).end(), "without a name");
        refused(new Tar().add(file("u", "").pax("uid", "-1")).end(), "uid -1");
        refused(new Tar().add(file("u", "").pax("uid", "4294967295")).end(), "uid 4294967295");
        refused(new Tar().add(file("u", "").pax("gid", "9223372036854775807")).end(), "gid");
        refused(new Tar().add(file("n", "").pax("path", "x".repeat(256))).end(), "more than 255 bytes");
        refused(
                new Tar()
                        .add(file("n", "").pax("path", "x/".repeat(2500) + "x"))
                        .end(),
                "more than 4095 bytes");
        refused(new Tar().add(hardLink("h", "")).end(), "entry h");
        refused(new Tar().add(item('3', "dev").device(5000, 1)).end(), "device 5000:1");
        refused(
                new Tar()
                        .add(extended('x', "9 path\n".getBytes(ISO_8859_1)))
                        .add(file("a", ""))
                        .end(),
                "record");
    }

    @Test
    void hostileSizesAreRefusedBeforeMemoryIsTaken() {
        refused(new Tar().add(item('x', "ext").size(1L << 33).withoutData()).end(), "at most 1 MiB");
        refused(
                new Tar()
                        .add(item('L', "ext").size((1 << 20) + 1).withoutData())
                        .end(),
                "at most 1 MiB");
        refused(
                new Tar()
                        .add(file("s", "")
                                .pax("GNU.sparse.major", "1")
                                .pax("GNU.sparse.minor", "0")
                                .pax("GNU.sparse.realsize", "10")
                                .data("99999999\n".repeat(512)))
                        .end(),
                "entry s");
        refused(new Tar().add(oldSparse("00000000001\0")).end(), "does not fit");
        assertThatThrownBy(() -> read(new Tar()
                        .add(file("s", "")
                                .pax("GNU.sparse.size", "1125899906842624")
                                .pax("GNU.sparse.numblocks", "1")
                                .pax("GNU.sparse.map", "0,0"))
                        .end()))
                .isInstanceOf(ApiException.class)
                .hasMessageContaining("entry s");
    }

    @Test
    void tooManyEntriesAreRefused() {
        Tar tar = new Tar();
        for (int i = 0; i < 20; i++) {
            tar.add(file("f" + i, ""));
        }
        assertThatThrownBy(() -> read(tar.end(), 512, new TarLimits(10, 100)))
                .isInstanceOfSatisfying(
                        ApiException.class, e -> assertThat(e.code()).isEqualTo(ApiException.Code.RESOURCE_EXHAUSTED))
                .hasMessageContaining("10 entries");
    }

    private static byte[] negative() {
        byte[] field = new byte[12];
        Arrays.fill(field, (byte) 0xFF);
        return field;
    }

    private static void refused(byte[] tar, String message) {
        assertThatThrownBy(() -> read(tar))
                .isInstanceOf(TarFormatException.class)
                .hasMessageContaining(message);
    }
}
