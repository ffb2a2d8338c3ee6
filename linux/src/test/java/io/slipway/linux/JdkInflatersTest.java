package io.slipway.linux;

class JdkInflatersTest extends InflaterContract {
    @Override
    InflaterProvider provider() {
        return Inflaters.jdk();
    }
}
