package io.slipway.linux;

class XattrsHeldTest extends ChildXattrsContract {
    @Override
    ChildXattrs way() {
        return new XattrsHeld();
    }
}
