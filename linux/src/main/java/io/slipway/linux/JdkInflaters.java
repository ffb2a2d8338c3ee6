package io.slipway.linux;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;

/// Inflates by the JDK's zlib; checks the trailer itself.
final class JdkInflaters implements InflaterProvider {
    private static final int TRAILER_BYTES = 8;

    @Override
    public Inflater open() {
        return new GzipMember(new JdkEngine());
    }

    @Override
    public String name() {
        return "jdk";
    }

    private static final class JdkEngine implements GzipMember.Engine {
        private final java.util.zip.Inflater inflater = new java.util.zip.Inflater(true);
        private final CRC32 crc = new CRC32();
        private final ByteBuffer trailer = ByteBuffer.allocate(TRAILER_BYTES).order(ByteOrder.LITTLE_ENDIAN);

        @Override
        public boolean run(ByteBuffer in, ByteBuffer out) throws GzipFormatException {
            if (!inflater.finished()) {
                inflate(in, out);
            }
            return inflater.finished() && trailer(in);
        }

        private void inflate(ByteBuffer in, ByteBuffer out) throws GzipFormatException {
            int start = out.position();
            try {
                inflater.setInput(in);
                while (!inflater.finished() && out.hasRemaining()) {
                    if (inflater.inflate(out) == 0 && !inflater.finished()) {
                        break;
                    }
                }
            } catch (DataFormatException e) {
                throw new GzipFormatException("the compressed data is damaged");
            }
            crc.update(out.duplicate().flip().position(start));
        }

        private boolean trailer(ByteBuffer in) throws GzipFormatException {
            while (trailer.hasRemaining() && in.hasRemaining()) {
                trailer.put(in.get());
            }
            if (trailer.hasRemaining()) {
                return false;
            }
            // The length is kept modulo 2^32 (RFC 1952, 2.3.1).
            if (trailer.getInt(0) != (int) crc.getValue() || trailer.getInt(4) != (int) inflater.getBytesWritten()) {
                throw new GzipFormatException("the CRC or the length of the member is wrong");
            }
            return true;
        }

        @Override
        public void reset() {
            inflater.reset();
            crc.reset();
            trailer.clear();
        }

        @Override
        public void close() {
            inflater.close();
        }
    }
}
