// Keeps todos.

using System;
using System.Collections.Generic;
using static System.Math;
using Shelf = Example.Stores.Shelf;
global using Example.Text;

[assembly: Info("x")]

namespace Example.Todos;

/// <summary>A todo.</summary>
[Serializable]
[Table("todos"), Keyed]
public sealed partial class Todo<T> : Base<T>, ISaved, Example.IClosed where T : IComparable
{
    public const int Limit = 10;
    private static readonly Store Shared = new();
    private readonly Store _store, _other = new Store();
    protected internal string Title { get; private set; } = "";
    public int Count => _store.Count(this);
    public Cache? Cache
    {
        get { return Find() ?? new Cache(); }
        set { _other.Put(value); }
    }
    public event EventHandler<Args> Changed;
    public delegate int Counter(string line);

    /// Makes one.
    public Todo(Store store) : base(store)
    {
        this._store = store;
    }

    ~Todo() { Close(); }

    [Obsolete]
    public override async Task<bool> Save(int times, params string[] lines)
    {
        var line = new Text.Line("a");
        Queue<string> queue = new();
        for (var i = 0; i < times && IsOpen(); i++) { this._store.Put(i); }
        foreach (Node node in lines)
        {
            if (node.IsEmpty() || base.Skips(node)) continue;
            await _store.PutAsync(node).ConfigureAwait(false);
            Cache?.Get(node)?.Touch();
            node?.Fall();
        }
        bool Local(Leaf leaf) => leaf.Fall();
        while (times > 0) { times--; }
        do { queue.Drain(); } while (Local(null));
        try { line.Write<int>(Sqrt(2)); }
        catch (Failure error) when (error.Code() > 1) { throw new Problem(error); }
        using var shelf = Shelf.Open();
        Func<int, bool> check = x => x > 1;
        switch (times)
        {
            case 1:
            case 2: break;
            default: return false;
        }
        return times switch { 3 => true, _ => lines is { Length: 3 } ? true : shelf.Any() };
    }

    public static Todo<T> operator +(Todo<T> left, Todo<T> right) => Make<T>();
    public string this[int index] => Title.Trim();
    static Todo<T> Make<R>() { return new Todo<T>(Shared); }

    private struct Part
    {
        internal int X;
    }
}

public interface ISaved : INamed
{
    int Size { get; }
    Task<bool> Save(int times);
}

internal enum State : byte
{
    Open = 1,
    /// It is done.
    [Old] Done,
}

public record Point(int X, [NotNull] Store Y) : Base(X), INamed;

public readonly record struct Size(int W);

static class Texts
{
    public static int Words(this string text, Todo<int> parent) { return parent.Save(1).Result; }
}
