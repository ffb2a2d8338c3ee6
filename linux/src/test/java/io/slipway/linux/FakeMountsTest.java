package io.slipway.linux;

class FakeMountsTest extends MountsContract {
    @Override
    Mounts mounts() {
        return new FakeMounts();
    }
}
