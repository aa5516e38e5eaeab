/** Keeps todos. */
package org.example.todos;

import java.util.List;
import java.util.concurrent.*;
import static java.util.Objects.requireNonNull;
import static org.example.Texts.*;
import org.example.store.Store;

/**
 * A todo.
 */
@Entity
@Table(name = "todos")
public final class Todo<T extends Comparable<T>> extends Base<T> implements Saved, java.io.Closeable {
    public static final int LIMIT = 10;
    private final Store store;
    protected List<String> lines, others = new ArrayList<>();
    Map.Entry<String, Store> entry;

    static {
        Registry.register("todo");
    }

    /** Makes one. */
    @Inject
    public Todo(Store store) {
        super(store);
        this.store = requireNonNull(store);
    }

    @Override
    public <R> boolean save(final int times, String... lines) throws IOException {
        Cache cache = new Cache();
        var queue = new org.example.Queue<String>();
        for (int i = 0; i < times && isOpen(); i++) {
            this.store.put(i);
        }
        for (String line : lines) {
            if (line.isEmpty() || super.skips(line)) {
                continue;
            }
            store.put(line);
            cache.get(line).touch();
        }
        try (Lock lock = Lock.of(this)) {
            lock.hold();
        } catch (IOException | RuntimeException error) {
            throw new Failure(error);
        }
        Runnable run = () -> queue.drain();
        Supplier<Todo> make = Todo::new;
        lines.forEach(this::skips);
        return times > 3 ? check() : switch (times) {
            case 1, 2 -> true;
            default -> false;
        };
    }

    protected void watch(Node parent) {
        parent.add(new Listener() {
            int seen;

            @Override
            public void changed(Event event) {
                event.accept();
            }
        });
        if (parent instanceof Leaf leaf) {
            leaf.fall();
        }
    }

    enum State implements Named {
        OPEN("open"),
        /** It is done. */
        @Deprecated DONE("done") {
            String label() { return "x"; }
        };

        private final String label;

        State(String label) { this.label = label; }
    }
}

interface Saved extends Named, Comparable<Saved> {
    String PREFIX = "todo";

    boolean save(int times);

    default void touch() {}
}

record Point(int x, @NotNull Store y) implements Named {
    Point {
        check(x);
    }
}

@interface Table {
    String name() default "";
}
