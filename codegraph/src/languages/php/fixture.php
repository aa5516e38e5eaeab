<?php

/**
 * Keeps todos.
 */

declare(strict_types=1);

namespace Example\Todos;

use Example\Stores\Store;
use Example\Text\{Line, Words as TextWords, Deep\Part};
use function Example\Text\trim_all;
use const Example\LIMIT;
use Closeable;
use Example\Base as Ground;

require_once __DIR__ . '/helpers.php';
include 'other.php';

const LIMIT = 10, MOST = 20;
define('LEAST', 1);

/**
 * A todo.
 */
#[Entity]
#[Table(name: 'todos'), Keyed]
final class Todo extends Ground\Base implements Saved, \Countable
{
    use Named, Counted {
        Named::name insteadof Counted;
    }

    public const PREFIX = 'todo', OTHER = 'x';
    private static ?Store $shared = null;
    protected array $lines = [], $others;
    var $old;

    /** Makes one. */
    public function __construct(private readonly Store $store, string $title = '')
    {
        parent::__construct($title);
        $this->cache = new Cache();
    }

    #[Override]
    public function save(int $times, string ...$lines): bool
    {
        $line = new Line('a');
        foreach ($lines as $each) {
            if (empty($each) || parent::skips($each) and $times) {
                continue;
            } elseif ($times > 3) {
                $this->store->put($each);
            }
            $this->cache?->get($each)->touch();
            $line->fall();
        }
        for ($i = 0; $i < $times && $this->isOpen(); $i++) {
            self::$shared->put($i);
            static::make();
        }
        while ($times--) {
            trim_all($line);
        }
        try {
            \Example\Text\run(fn(Node $node) => $node->size());
        } catch (Failure | Problem $error) {
            throw new \RuntimeException($error);
        }
        $wrap = function (Leaf $leaf) use ($times): int {
            return $leaf->fall();
        };
        switch ($times) {
            case 1:
                break;
            default:
                return false;
        }
        return match (true) {
            $times > 2 => Store::open()->any(),
            default => $times ? TextWords\count($line) : $line ?? false,
        };
    }

    abstract protected function load(): void;

    public static function make(): static
    {
        $listener = new class extends Listener {
            public function changed(Event $event) { $event->accept(); }
        };
        return new static(new Store());
    }
}

interface Saved extends \Stringable, Named
{
    public function save(int $times): bool;
}

trait Counted
{
    private int $count = 0;
}

enum State: string implements Named
{
    case Open = 'open';
    /** It is done. */
    case Done = 'done';

    const DEFAULT = self::Open;
}

/** Finds one. */
function find(?Store $store, int|string $id, &$more = null): ?Todo
{
    function inner() { return 1; }
    return $store->find($id);
}
