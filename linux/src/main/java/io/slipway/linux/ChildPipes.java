package io.slipway.linux;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The standard descriptors of a child about to start. Our ends go to the [Child], which takes them out; what is left
/// here is closed.
final class ChildPipes implements AutoCloseable {
    private final List<Descriptor> owned = new ArrayList<>();
    private final List<Descriptor> theirs = new ArrayList<>();

    @Nullable
    Pipe stdin;

    @Nullable
    Pipe stdout;

    @Nullable
    Pipe stderr;

    @Nullable
    Pipe payload;

    private ChildPipes() {}

    static ChildPipes open(ChildSpec spec) throws IOException {
        ChildPipes pipes = new ChildPipes();
        try {
            pipes.openStdin(spec);
            pipes.openOutput(spec);
            pipes.openPayload(spec);
            return pipes;
        } catch (IOException | RuntimeException e) {
            pipes.closeOurs();
            pipes.close();
            throw e;
        }
    }

    private void openStdin(ChildSpec spec) throws IOException {
        if (spec.stdin().length == 0 && !(spec.output() instanceof ChildSpec.Output.Streams)) {
            theirs.add(own(FileHandle.openNull()));
        } else {
            Pipe.Ends ends = Pipe.toChild("standard input of " + spec.command().getFirst());
            stdin = ends.ours();
            theirs.add(own(ends.theirs()));
        }
    }

    private void openOutput(ChildSpec spec) throws IOException {
        String program = spec.command().getFirst();
        switch (spec.output()) {
            case ChildSpec.Output.Combined _ -> {
                Pipe end = outputEnd("output of " + program);
                theirs.add(end);
                theirs.add(end);
            }
            case ChildSpec.Output.Separate _, ChildSpec.Output.Streams _ -> {
                theirs.add(outputEnd("output of " + program));
                Pipe.Ends errors = Pipe.fromChild("errors of " + program);
                stderr = errors.ours();
                theirs.add(own(errors.theirs()));
            }
            case ChildSpec.Output.ToFile(FileHandle file) -> {
                theirs.add(file);
                theirs.add(file);
            }
            case ChildSpec.Output.Discard _ -> {
                FileHandle nowhere = own(FileHandle.openNull());
                theirs.add(nowhere);
                theirs.add(nowhere);
            }
        }
    }

    private void openPayload(ChildSpec spec) throws IOException {
        if (spec.payload().isPresent()) {
            Pipe.Ends ends = Pipe.toChild("payload of " + spec.command().getFirst());
            payload = ends.ours();
            theirs.add(own(ends.theirs()));
        }
    }

    private Pipe outputEnd(String what) throws IOException {
        Pipe.Ends ends = Pipe.fromChild(what);
        stdout = ends.ours();
        return own(ends.theirs());
    }

    private <D extends Descriptor> D own(D descriptor) {
        owned.add(descriptor);
        return descriptor;
    }

    /// 0, 1, 2 of the child, and 3 when there is a payload.
    List<Descriptor> theirs() {
        return theirs;
    }

    /// Closes the child's ends here. Ours stay open for the child's life.
    @Override
    public void close() {
        owned.forEach(Descriptor::close);
    }

    void closeOurs() {
        for (Pipe pipe : new @Nullable Pipe[] {stdin, stdout, stderr, payload}) {
            if (pipe != null) {
                pipe.close();
            }
        }
    }
}
