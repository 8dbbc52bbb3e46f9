/* An OpenAI-compatible upstream for benchmarks: streams stamped tokens at a chosen rate.
 *
 *     cc -O2 -o upstream upstream.c && ./upstream [port]        (default: any free port; it is printed)
 *
 * It answers every POST whose body has, last of all such words, "bench:<interval>:<tokens>": so many tokens, the
 * first at once, then one each <interval> microseconds. With an interval of 0 they come as fast as the reader takes
 * them, many in one write. Chunks look like those of api.openai.com, each one piece of chunked HTTP/1.1.
 *
 * A token is "~<number>.<microseconds>;": its number in the answer and when it was sent, by the monotonic clock that
 * all processes of a machine share, so that who reads it can tell what is missing and how long it took.
 *
 * One thread, epoll, a heap of who is due next. Linux only.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS = 256, PIECE = 16384, REQUEST_MAX = 64 << 20 };

struct buffer {
    char *bytes;
    size_t length, capacity;
};

struct connection {
    int fd;
    struct buffer in, out;
    size_t written;         /* so much of `out` has been sent */
    bool is_blocked;        /* waits until the socket takes more */
    bool is_answering;
    bool wants_usage;
    long interval, tokens;  /* what was asked for */
    long sent;              /* tokens so far */
    uint64_t due;           /* when the next token is, in microseconds */
    size_t heap_at;         /* its place in the heap, from 1; 0: in none */
    unsigned long number;   /* of the answer, for its id */
};

static int epoll_fd;
static unsigned long answers;
static struct connection **heap; /* heap[1] is due first */
static size_t heap_length, heap_capacity;

static uint64_t now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (uint64_t)at.tv_sec * 1000000 + (uint64_t)at.tv_nsec / 1000;
}

static void *checked(void *memory)
{
    if (!memory) {
        fputs("out of memory\n", stderr);
        exit(1);
    }
    return memory;
}

static void reserve(struct buffer *buffer, size_t more)
{
    if (buffer->length + more <= buffer->capacity)
        return;
    buffer->capacity = (buffer->length + more) * 2;
    buffer->bytes = checked(realloc(buffer->bytes, buffer->capacity));
}

/* The heap */

static void place(struct connection *it, size_t at)
{
    heap[at] = it;
    it->heap_at = at;
}

static void sift_up(struct connection *it, size_t at)
{
    for (; at > 1 && heap[at / 2]->due > it->due; at /= 2)
        place(heap[at / 2], at);
    place(it, at);
}

static void sift_down(struct connection *it, size_t at)
{
    for (size_t child; (child = at * 2) <= heap_length; at = child) {
        if (child < heap_length && heap[child + 1]->due < heap[child]->due)
            child++;
        if (heap[child]->due >= it->due)
            break;
        place(heap[child], at);
    }
    place(it, at);
}

static void schedule(struct connection *it)
{
    if (heap_length + 1 >= heap_capacity) {
        heap_capacity = heap_capacity ? heap_capacity * 2 : 1024;
        heap = checked(realloc(heap, heap_capacity * sizeof *heap));
    }
    sift_up(it, ++heap_length);
}

static void unschedule(struct connection *it)
{
    size_t at = it->heap_at;
    if (!at)
        return;
    it->heap_at = 0;
    struct connection *last = heap[heap_length--];
    if (last == it)
        return;
    if (at > 1 && heap[at / 2]->due > last->due)
        sift_up(last, at);
    else
        sift_down(last, at);
}

/* Writing */

static void watch(struct connection *it, uint32_t events, int operation)
{
    struct epoll_event event = {.events = events, .data.ptr = it};
    epoll_ctl(epoll_fd, operation, it->fd, &event);
}

static void forget(struct connection *it)
{
    unschedule(it);
    close(it->fd);
    free(it->in.bytes);
    free(it->out.bytes);
    free(it);
}

/* Send what is in `out`, as far as the socket takes it. False: the reader is gone. */
static bool flush(struct connection *it)
{
    while (it->written < it->out.length) {
        ssize_t count = send(it->fd, it->out.bytes + it->written, it->out.length - it->written, MSG_NOSIGNAL);
        if (count > 0) {
            it->written += (size_t)count;
        } else if (errno == EAGAIN) {
            if (!it->is_blocked)
                watch(it, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
            it->is_blocked = true;
            return true;
        } else if (errno != EINTR) {
            return false;
        }
    }
    if (it->is_blocked)
        watch(it, EPOLLIN, EPOLL_CTL_MOD);
    it->is_blocked = false;
    it->out.length = it->written = 0;
    return true;
}

__attribute__((format(printf, 2, 3))) static void say(struct connection *it, const char *format, ...)
{
    va_list values;
    reserve(&it->out, 1024);
    va_start(values, format);
    it->out.length += (size_t)vsnprintf(it->out.bytes + it->out.length, 1024, format, values);
    va_end(values);
}

/* One event as one piece of the chunked body. `delta` and the rest are JSON. */
static void say_chunk(struct connection *it, const char *choices, const char *usage)
{
    char event[1024];
    int length = snprintf(event, sizeof event,
                          "data: {\"id\":\"chatcmpl-bench%024lu\",\"object\":\"chat.completion.chunk\","
                          "\"created\":1760000000,\"model\":\"gpt-4o-mini-2024-07-18\",\"service_tier\":\"default\","
                          "\"system_fingerprint\":\"fp_560af6e559\",\"choices\":[%s]%s,"
                          "\"obfuscation\":\"Vn3Xq0aB\"}\n\n",
                          it->number, choices, usage);
    say(it, "%x\r\n%s\r\n", length, event);
}

static const char *no_usage(const struct connection *it)
{
    return it->wants_usage ? ",\"usage\":null" : "";
}

static void say_token(struct connection *it)
{
    char choices[200];
    snprintf(choices, sizeof choices,
             "{\"index\":0,\"delta\":{\"content\":\"~%ld.%llu;\"},\"logprobs\":null,\"finish_reason\":null}",
             it->sent++, (unsigned long long)now());
    say_chunk(it, choices, no_usage(it));
}

static void say_end(struct connection *it)
{
    char usage[200];
    say_chunk(it, "{\"index\":0,\"delta\":{},\"logprobs\":null,\"finish_reason\":\"stop\"}", no_usage(it));
    if (it->wants_usage) {
        snprintf(usage, sizeof usage,
                 ",\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":%ld,\"total_tokens\":%ld}", it->sent,
                 it->sent + 10);
        say_chunk(it, "", usage);
    }
    say(it, "e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n");
    it->is_answering = false;
}

/* What is due of an answer. A paced token waits in `out` if the reader is slow, so its stamp tells how late it came;
 * an unpaced one is not made before the reader has taken those before it. */
static bool go_on(struct connection *it)
{
    unschedule(it);
    if (it->interval) {
        say_token(it);
        it->due += (uint64_t)it->interval;
    } else {
        while (it->out.length < PIECE && it->sent < it->tokens)
            say_token(it);
        it->due = now();
    }
    if (it->sent >= it->tokens)
        say_end(it);
    if (!flush(it))
        return false;
    if (it->is_answering && (it->interval || !it->is_blocked))
        schedule(it);
    return true;
}

/* Reading */

/* The words after the last "bench:" in the body, or nothing. */
static bool read_wish(struct connection *it, char *body, size_t length)
{
    static const char WORD[] = "bench:";
    char *wish = NULL;
    for (char *at = body; (at = memmem(at, length - (size_t)(at - body), WORD, sizeof WORD - 1)); at++)
        wish = at;
    if (!wish || sscanf(wish, "bench:%ld:%ld", &it->interval, &it->tokens) != 2 || it->tokens < 1)
        return false;
    it->wants_usage = memmem(body, length, "\"include_usage\"", 15) != NULL;
    it->due = now();
    return true;
}

static bool answer(struct connection *it, char *body, size_t length)
{
    if (!read_wish(it, body, length)) {
        static const char WORDS[] = "{\"error\":{\"message\":\"no bench:<interval>:<tokens> in the body\"}}";
        say(it, "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
            sizeof WORDS - 1, WORDS);
        return flush(it);
    }
    it->is_answering = true;
    it->sent = 0;
    it->number = ++answers;
    say(it, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n"
            "Connection: keep-alive\r\nCache-Control: no-cache\r\nopenai-processing-ms: 1\r\n\r\n");
    say_chunk(it,
              "{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\",\"refusal\":null},"
              "\"logprobs\":null,\"finish_reason\":null}",
              no_usage(it));
    if (!flush(it))
        return false;
    schedule(it);
    return true;
}

static size_t content_length(const char *head)
{
    const char *at = strcasestr(head, "\r\ncontent-length:");
    return at ? strtoul(at + 17, NULL, 10) : 0;
}

/* Take one whole request out of `in`, if there is one. False: close the connection. */
static bool take_request(struct connection *it)
{
    if (it->is_answering || it->in.length < 4)
        return true;
    it->in.bytes[it->in.length] = 0;
    char *body = memmem(it->in.bytes, it->in.length, "\r\n\r\n", 4);
    if (!body)
        return it->in.length < PIECE;
    body[2] = 0;
    body += 4;
    size_t length = content_length(it->in.bytes), whole = (size_t)(body - it->in.bytes) + length;
    body[-2] = '\r';
    if (whole > REQUEST_MAX)
        return false;
    if (it->in.length < whole)
        return true;
    bool is_well = answer(it, body, length);
    it->in.length -= whole;
    memmove(it->in.bytes, it->in.bytes + whole, it->in.length);
    return is_well;
}

static bool read_more(struct connection *it)
{
    for (;;) {
        reserve(&it->in, PIECE + 1);
        size_t room = it->in.capacity - it->in.length - 1;
        ssize_t count = recv(it->fd, it->in.bytes + it->in.length, room, 0);
        if (count > 0)
            it->in.length += (size_t)count;
        else if (count == 0 || (errno != EAGAIN && errno != EINTR))
            return false;
        if (count < 0 || (size_t)count < room)
            return take_request(it);
    }
}

static void serve(struct connection *it, uint32_t events)
{
    bool is_well = !(events & (EPOLLERR | EPOLLHUP));
    if (is_well && events & EPOLLIN)
        is_well = read_more(it);
    if (is_well && events & EPOLLOUT) {
        is_well = flush(it);
        if (is_well && it->is_answering && !it->is_blocked && !it->heap_at)
            schedule(it);
    }
    if (!is_well)
        forget(it);
}

static void accept_all(int listener)
{
    for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
        struct connection *it = checked(calloc(1, sizeof *it));
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        it->fd = fd;
        watch(it, EPOLLIN, EPOLL_CTL_ADD);
    }
}

static int listen_on(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (bind(fd, (struct sockaddr *)&address, size) || listen(fd, 4096)) {
        perror("upstream");
        exit(1);
    }
    getsockname(fd, (struct sockaddr *)&address, &size);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

static void raise_open_files(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int count, char **words)
{
    struct epoll_event events[EVENTS];
    signal(SIGPIPE, SIG_IGN);
    raise_open_files();
    epoll_fd = epoll_create1(0);
    int listener = listen_on(count > 1 ? atoi(words[1]) : 0);
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, &(struct epoll_event){.events = EPOLLIN}); /* data.ptr is NULL */
    for (;;) {
        uint64_t at = now();
        /* Who is due again in this turn waits for the next, so all get their share. */
        while (heap_length && heap[1]->due <= at) {
            struct connection *it = heap[1];
            if (!go_on(it))
                forget(it);
        }
        uint64_t wait = 60000000;
        if (heap_length)
            wait = heap[1]->due > (at = now()) ? heap[1]->due - at : 0;
        struct timespec timeout = {.tv_sec = (time_t)(wait / 1000000), .tv_nsec = (long)(wait % 1000000) * 1000};
        int found = epoll_pwait2(epoll_fd, events, EVENTS, &timeout, NULL);
        for (int number = 0; number < found; number++) {
            if (events[number].data.ptr)
                serve(events[number].data.ptr, events[number].events);
            else
                accept_all(listener);
        }
    }
}
