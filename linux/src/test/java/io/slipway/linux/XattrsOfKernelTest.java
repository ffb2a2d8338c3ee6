package io.slipway.linux;

class XattrsOfKernelTest extends ChildXattrsContract {
    @Override
    ChildXattrs way() {
        return ChildXattrs.ofKernel();
    }
}
