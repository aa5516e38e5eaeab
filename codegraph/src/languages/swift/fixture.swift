// Keeps todos.

import Foundation
@testable import struct Store.Shelf
import UIKit.UIView

let limit = 10
private var registry: Registry = Registry()
typealias Lines = [String]

/// A todo.
///
/// It is kept.
@objc(Todo)
@MainActor
public final class Todo<T: Comparable>: Base<T>, Saved, Foundation.Sendable where T: Hashable {
    public static let prefix = "todo"
    @Published private(set) var store: Store?
    var lines: [String] = [], cache = Cache()
    lazy var queue: Queue<String> = Queue()
    var isOpen: Bool {
        return check() && cache.isOpen()
    }
    var count: Int = 0 {
        willSet { notify(newValue) }
        didSet { changed() }
    }

    /// Makes one.
    public init?(title: String, store: Store) {
        self.store = store
        super.init(title: title)
    }

    deinit {
        close()
    }

    @discardableResult
    public override func save(times: Int = 3, _ lines: String..., for node: Node) throws -> Bool {
        let line = TextLine("a")
        let other: Line? = nil
        guard let store = store, times > 0 else { return false }
        for one in lines where !one.isEmpty {
            if one.isEmpty || super.skips(one) && other != nil { continue }
            self.store?.put(one)
            cache.get(one).touch()
        }
        func local(_ node: Node) -> Int { node.size() }
        while times > 0 { line.fall() }
        repeat { node.grow() } while isOpen
        switch times {
        case 1, 2: print("few")
        case let x where x > 3: Self.make()
        default: break
        }
        do {
            try store.sync()
        } catch let error as Failure {
            throw Problem.lost(error)
        } catch {
            lines.forEach { $0.trim() }
        }
        return times > 2 ? true : (other?.name() ?? "").isEmpty
    }

    static func make() -> Todo { Todo(title: "", store: .shared)! }
    class func open() {}

    subscript(index: Int) -> String { get { lines[index] } set { put(newValue) } }

    struct Part {
        fileprivate let whole: Todo
        mutating func move() { whole.save(times: 1, for: node) }
    }
}

protocol Saved: AnyObject, Named {
    associatedtype Element
    var size: Int { get }
    func save(times: Int) -> Bool
    init(title: String)
}

indirect enum State: String, Named {
    case open, waiting = "w"
    /// It is done.
    case done(by: String, at: Date)

    var label: String { rawValue }
}

extension Todo: Closeable where T == Int {
    func close() { save(times: 0, for: root) }
}

/// Extends what is elsewhere.
extension String: Wordy {
    public var words: [String] { split(separator: " ") }
}

actor Counter {
    func add(_ todo: Todo<Int>) async { await todo.close() }
}

infix operator <+>: AdditionPrecedence
func <+> (left: Todo<Int>, right: Todo<Int>) -> Todo<Int> { Todo<Int>(title: "a", store: b) }

#if DEBUG
func debug() { Todo.make().save(times: 1, for: root) }
#endif
