/* Keeps todos. */

package org.example.todos

import org.example.store.Store
import org.example.text.Line as TextLine
import kotlin.math.*

const val LIMIT = 10
private val registry: Registry = Registry()
typealias Lines = List<String>

/** A todo. */
@Entity
@Table(name = "todos")
open class Todo<T : Any>(
    val title: String,
    private var store: Store?,
    times: Int = 3,
) : Base<T>(title), Saved, Closeable by store {
    protected val cache = Cache()
    lateinit var queue: org.example.Queue<String>
    internal var count: Int = 0
        get() = field + cache.size()
        private set(value) {
            notify(value)
        }

    val isOpen: Boolean by lazy { check() }

    init {
        register(this)
    }

    /** Makes one. */
    constructor(title: String) : this(title, null) {
        queue.clear()
    }

    @Throws(Failure::class)
    override fun save(times: Int, vararg lines: String): Boolean {
        val line = TextLine("a")
        val other: Line? = null
        for (each in lines) {
            if (each.isEmpty() || super.skips(each) && other != null) continue
            store?.put(each)
            this.cache.get(each).touch()
        }
        fun local(node: Node): Int = node.size()
        while (count > 0) count--
        do { line.fall() } while (isOpen)
        val label = when (times) {
            1, 2 -> "few"
            is Int -> "many"
            else -> store!!.name() ?: "none"
        }
        try {
            lines.forEach { it.trim() }
        } catch (error: IOException) {
            throw Failure(error)
        }
        return local(line) > 0
    }

    companion object {
        const val PREFIX = "todo"
        @JvmStatic
        fun make(): Todo<Any> = Todo(PREFIX, null)
    }

    inner class Part(val whole: Todo<*>) {
        private fun move() = whole.save(1)
    }
}

interface Saved : Named, Comparable<Saved> {
    val size: Int
    fun save(times: Int): Boolean
    fun touch() {}
}

enum class State(val label: String) : Named {
    OPEN("open"),
    /** It is done. */
    DONE("done") {
        override fun label() = "x"
    };

    abstract fun label(): String
}

data class Point(val x: Int, @NotNull val y: Store)

internal object Registry : Base(), Named {
    suspend fun add(todo: Todo<Any>): Unit = todo.save(2).let { println(it) }
}

sealed class Result

annotation class Table(val name: String)

fun interface Action {
    fun run()
}

/** Extends what is elsewhere. */
fun String.words(): List<String> = split(" ")

private inline fun <reified T> Todo<T>.twice(action: (T) -> Unit): Todo<T> {
    val task = object : Action {
        override fun run() = action.go()
    }
    return also { Todo.make() }
}
