package io.slipway.linux;

class JdkHashersTest extends HasherContract {
    @Override
    HasherProvider provider() {
        return Hashers.jdk();
    }
}
