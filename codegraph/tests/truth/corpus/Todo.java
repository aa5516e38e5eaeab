package org.example.corpus;

import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** What a Java file may have, for who compares two readers of it. */
public class Todo<T extends Comparable<T>> extends Base implements Closeable, Cloneable {
    public static final int LIMIT = 10;
    private static final Map<String, Integer> TABLE = Map.of("a", 1);
    protected String title, note = "";
    private final List<T> items = new ArrayList<>();
    volatile long[] counts = new long[2], others;
    Function<String, Integer> length = text -> {
        int local = text.length();
        return local;
    };

    static {
        System.loadLibrary("todo");
    }

    {
        counts[0] = 1;
    }

    public Todo(String title) {
        this(title, "");
    }

    private Todo(String title, String note) {
        this.title = title;
        this.note = note;
    }

    public static <S extends Comparable<S>> Todo<S> of(String title) {
        return new Todo<>(title);
    }

    @Override
    public void close() throws IOException {
        for (T item : items) {
            if (item == null || counts.length > LIMIT) {
                throw new IOException("null");
            }
        }
    }

    protected synchronized int compare(T one, T other) {
        return one.compareTo(other);
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    @Deprecated
    final native int measure(int... sizes);

    abstract static class Shape {
        abstract double area();

        double twice() {
            return 2 * area();
        }
    }

    static final class Circle extends Shape {
        private final double radius;

        Circle(double radius) {
            this.radius = radius;
        }

        @Override
        double area() {
            return Math.PI * radius * radius;
        }
    }

    class Inner {
        int depth;

        int deep() {
            Runnable task = new Runnable() {
                int runs = 0;

                @Override
                public void run() {
                    runs++;
                }
            };
            task.run();
            return depth;
        }
    }

    enum State {
        OPEN,
        DONE("done") {
            @Override
            boolean isLast() {
                return true;
            }
        },
        CLOSED("closed");

        private final String word;

        State() {
            this("open");
        }

        State(String word) {
            this.word = word;
        }

        boolean isLast() {
            return this == CLOSED;
        }
    }

    interface Saver<S> extends Closeable {
        int VERSION = 1;

        void save(S one) throws IOException;

        default void saveAll(List<S> all) throws IOException {
            for (S one : all) {
                save(one);
            }
        }

        static <S> Saver<S> none() {
            return null;
        }
    }

    @interface Marked {
        String value() default "";

        int[] lines();
    }

    public static void main(String[] arguments) {
        Comparator<String> order = Comparator.comparing(String::length);
        switch (arguments.length) {
            case 0:
                break;
            default:
                System.out.println(order);
        }
    }
}

class Base {
    int id;
}
