// Keeps todos.

#include <vector>
#include "store/todo.hpp"

#define CHECKED(x) check(x)

using namespace std;
using std::string;

namespace todo::core {

class Store;

/// How far it is.
enum class State : int { Open, Done };

/**
 * Keeps them.
 */
template <typename T>
class List : public Base<T>, private detail::Counted {
    int secret = 0;

public:
    using Item = T;
    typedef unsigned long size_type;
    enum Mode { Fast, Slow };

    explicit List(Store *store) : Base<T>(store), store_(store) { store_->open(); }
    virtual ~List() = default;
    List(const List &) = delete;

    /// Adds one.
    void add(const T &item, int times = 1);
    bool operator==(const List &other) const { return size() == other.size(); }
    explicit operator bool() const { return !empty(); }
    static List make() { return List(new Store(1)); }
    int size() const;

protected:
    Store *store_;
    std::vector<T> items, *rest;

private:
    struct Node {
        Node *next;
        T value;
    };
    friend class Reader;
    friend void peek(const List &list);
    int (*hook)(int) = nullptr;
};

template <typename T>
void List<T>::add(const T &item, int times)
{
    for (auto &one : items) {
        if (one == item && times > 0 or times < 0) {
            items.push_back(one);
        }
    }
    auto each = [this](int x) { return grow(x); };
    each(times);
    this->store_->put(item);
    Base<T>::add(item);
}

struct Point { int x, y; };

int Foreign::run(Reader *reader, const Point &point) {
    Reader local(point);
    auto made = std::make_unique<Reader>(1);
    auto *other = new ns::Reader();
    auto braced = Point{1, 2};
    try {
        reader->read();
        local.read();
        made->read();
        other->read<int>();
        braced.move();
    } catch (const std::exception &error) {
        return total > 0 ? core::fail(error) : 0;
    }
    return cast<int>(secret);
}

Foreign::Foreign() {}
Foreign::~Foreign() { close(); }
std::ostream &operator<<(std::ostream &out, const Point &point) { return out; }

constexpr int LIMIT = 10;
static int counter;
int prototype(int a, char *b = nullptr);

namespace {
int hidden() { return counter; }
}

} // namespace todo::core

extern "C" {
void plain(void) { todo::core::prototype(1); }
}

template <>
struct hash<Point> {
    size_t operator()(const Point &point) const { return point.x; }
};

int main() {
    return ::prototype(1) + CHECKED(2);
}
