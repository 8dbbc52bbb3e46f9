"""What is kept of pages, and what is not any more."""

from concurrent.futures import ThreadPoolExecutor

from chat.core.fragments import ENTRY_BYTES, SMALL_PARTS, FragmentStore

A, B = ("conversation", 1), ("message", 2)


def test_what_is_kept_is_found_by_its_key() -> None:
    store = FragmentStore(100_000)
    store.keep("one", ("first",))
    store.keep("one", ("second",))
    assert (store.find(["one"])[0], store.find(["other"])[0], store.count) == (("second",), None, 1)


def test_what_is_of_a_row_goes_with_it_whatever_it_was_made_of() -> None:
    store = FragmentStore(100_000)
    store.keep("title", ("old",), [A])
    store.keep("new title", ("new",), [A])
    store.keep("message", ("words",), [A, B])
    store.keep("dialog", ("frame",))
    assert set(store.rows()) == {A, B}
    store.drop([B, ("message", 3)])
    assert [store.find([key])[0] for key in ("new title", "message", "dialog")] == [("new",), None, ("frame",)]
    store.drop([A])
    assert (store.rows(), store.count, store.find(["dialog"])[0]) == ([], 1, ("frame",))


def test_a_full_store_lets_go_what_was_not_asked_for_longest() -> None:
    store = FragmentStore(20 * ENTRY_BYTES)
    for number in range(100):
        store.keep(number, ("x" * 100,), [("message", number)])
        assert store.find([0])[0]
    assert store.size <= 20 * ENTRY_BYTES
    assert store.find([99])[0]
    assert not store.find([50])[0]
    assert len(store.rows()) == store.count < 20


def test_one_long_text_pushes_out_no_others() -> None:
    store = FragmentStore(80_000)
    store.keep("short", ("x",))
    store.keep("long", ("x" * (80_000 // SMALL_PARTS),))
    assert (store.find(["short"])[0], store.find(["long"])[0]) == (("x",), None)


def test_threads_may_keep_find_and_drop_at_once() -> None:
    store = FragmentStore(30 * ENTRY_BYTES)

    def use(number: int) -> None:
        row = ("message", number % 7)
        store.keep(number % 50, ("x" * (number % 300),), [row])
        store.find([number % 31])[0]
        store.drop([row] if number % 3 else store.rows())

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(use, range(5_000)))
    store.drop(store.rows())
    assert (store.count, store.size, store.rows()) == (0, 0, [])
