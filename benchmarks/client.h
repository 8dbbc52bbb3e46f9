/* What the load clients share (load.c, workday.c): responses of HTTP/1.1, stamped tokens, times and ranks.
 *
 * A response is fed as it arrives, cut anywhere; it tells its handlers of its head and of each piece of its body, and
 * says when it is whole. One thread. Linux only.
 */
#ifndef CLIENT_H
#define CLIENT_H

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

enum { EVENTS = 256, PIECE = 65536, HEAD_MAX = 16384, PIDS_MAX = 64, PORTS_MAX = 64 };

static inline uint64_t now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (uint64_t)at.tv_sec * 1000000 + (uint64_t)at.tv_nsec / 1000;
}

static inline void stop(const char *words)
{
    fprintf(stderr, "%s: %s\n", program_invocation_short_name, words);
    exit(1);
}

static inline void *checked(void *memory)
{
    if (!memory)
        stop("out of memory");
    return memory;
}

/* The whole file, with a NUL behind it. */
static inline char *read_file(const char *name, size_t *length)
{
    FILE *file = fopen(name, "rb");
    if (!file)
        stop("a file cannot be read");
    fseek(file, 0, SEEK_END);
    *length = (size_t)ftell(file);
    rewind(file);
    char *bytes = checked(malloc(*length + 1));
    if (fread(bytes, 1, *length, file) != *length)
        stop("a file cannot be read");
    bytes[*length] = 0;
    fclose(file);
    return bytes;
}

static inline void raise_open_files(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

/* The ports of a list, "8001,8002": of several processes of a server, which take turns. */

static int ports[PORTS_MAX];
static size_t port_count;

static inline void read_ports(char *words)
{
    for (char *word = strtok(words, ","); word && port_count < PORTS_MAX; word = strtok(NULL, ","))
        ports[port_count++] = atoi(word);
    if (!port_count)
        stop("there is no port");
}

static inline int next_port(void)
{
    static size_t turn;
    return ports[turn++ % port_count];
}

/* A socket that connects to a port of this machine; -1: it cannot. */
static inline int connected(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    if (fd < 0 || (connect(fd, (struct sockaddr *)&address, sizeof address) && errno != EINPROGRESS)) {
        close(fd);
        return -1;
    }
    return fd;
}

/* The server's CPU time */

static clockid_t clocks[PIDS_MAX];
static int clock_count;

static inline void read_pids(char *words)
{
    for (char *word = strtok(words, ","); word && clock_count < PIDS_MAX; word = strtok(NULL, ","))
        if (clock_getcpuclockid(atoi(word), &clocks[clock_count]) == 0)
            clock_count++;
}

/* Microseconds so far. */
static inline double cpu_time(void)
{
    double sum = 0;
    struct timespec used;
    for (int number = 0; number < clock_count; number++)
        if (clock_gettime(clocks[number], &used) == 0)
            sum += (double)used.tv_sec * 1e6 + (double)used.tv_nsec / 1e3;
    return sum;
}

/* Ranks */

static inline int by_size(const void *one, const void *other)
{
    uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)other;
    return (a > b) - (a < b);
}

/* Sorts microseconds, and prints their ranks in milliseconds as a member of a JSON object. */
static inline void print_times(const char *name, uint32_t *times, size_t count)
{
    qsort(times, count, sizeof *times, by_size);
    printf("\"%s\": ", name);
    if (!count) {
        printf("null, ");
        return;
    }
    printf("{\"p50\": %.3f, \"p99\": %.3f, \"max\": %.3f}, ", times[(count - 1) / 2] / 1e3,
           times[(size_t)((double)(count - 1) * 0.99)] / 1e3, times[count - 1] / 1e3);
}

/* Tokens: "~<number>.<microseconds>;" (upstream.c), wherever they stand */

struct tokens {
    enum { TEXT, NUMBER, STAMP } state;
    long number;
    uint64_t stamp;
};

static inline void find_tokens(struct tokens *it, const char *bytes, size_t length, void (*found)(void *), void *owner)
{
    for (const char *end = bytes + length; bytes < end; bytes++) {
        char byte = *bytes;
        if (it->state == TEXT) {
            if (!(bytes = memchr(bytes, '~', (size_t)(end - bytes))))
                return;
            it->state = NUMBER;
            it->number = 0;
        } else if (byte >= '0' && byte <= '9') {
            if (it->state == NUMBER)
                it->number = it->number * 10 + (byte - '0');
            else
                it->stamp = it->stamp * 10 + (uint64_t)(byte - '0');
        } else if (it->state == NUMBER && byte == '.') {
            it->state = STAMP;
            it->stamp = 0;
        } else {
            if (it->state == STAMP && byte == ';')
                found(owner);
            it->state = TEXT;
        }
    }
}

/* Responses */

struct handlers {
    const char *(*head)(void *owner); /* NULL, or what is wrong with it */
    void (*body)(void *owner, const char *bytes, size_t length);
};

struct response {
    const struct handlers *handlers;
    void *owner;
    char *head;                             /* until it is whole, and while the handler is told of it */
    size_t head_length;
    int status;
    bool closes;                            /* does the server close the connection behind it? */
    enum { BY_CLOSE, BY_LENGTH, BY_CHUNKS } ends;
    enum { SIZE, DATA, AFTER_DATA, TRAILER } chunk_state;
    size_t left;                            /* of the body or of the chunk */
    bool is_line_empty;                     /* in the trailer */
};

enum progress { GOES_ON, IS_WHOLE, IS_BROKEN };

static inline void begin_response(struct response *it, const struct handlers *handlers, void *owner)
{
    *it = (struct response){.handlers = handlers, .owner = owner, .head = checked(malloc(HEAD_MAX + 1))};
}

static inline void drop_response(struct response *it)
{
    free(it->head);
    it->head = NULL;
}

/* The value of a header, behind its colon; NULL: it has none. `name` is "\r\nname:". */
static inline const char *header(const struct response *it, const char *name)
{
    const char *at = strcasestr(it->head, name);
    return at ? at + strlen(name) : NULL;
}

static inline void read_head(struct response *it)
{
    const char *value;
    it->status = strncmp(it->head, "HTTP/1.1 ", 9) ? 0 : atoi(it->head + 9);
    it->closes = (value = header(it, "\r\nconnection:")) && !strncasecmp(value, " close", 6);
    if (it->status == 204 || it->status == 304) {
        it->ends = BY_LENGTH;
    } else if (header(it, "\r\ntransfer-encoding: chunked")) {
        it->ends = BY_CHUNKS;
    } else if ((value = header(it, "\r\ncontent-length:"))) {
        it->ends = BY_LENGTH;
        it->left = strtoul(value, NULL, 10);
    }
}

/* The body without the sizes between its chunks. */
static inline enum progress take_chunked(struct response *it, const char *bytes, size_t length)
{
    const char *last = bytes + length;
    while (bytes < last) {
        if (it->chunk_state == DATA) {
            size_t part = (size_t)(last - bytes) < it->left ? (size_t)(last - bytes) : it->left;
            it->handlers->body(it->owner, bytes, part);
            bytes += part;
            if (!(it->left -= part))
                it->chunk_state = AFTER_DATA;
            continue;
        }
        char byte = *bytes++;
        if (it->chunk_state == AFTER_DATA) {
            if (byte == '\n')
                it->chunk_state = SIZE;
        } else if (it->chunk_state == TRAILER) {
            if (byte == '\n' && it->is_line_empty)
                return IS_WHOLE;
            it->is_line_empty = byte == '\n' || (byte == '\r' && it->is_line_empty);
        } else if (byte == '\n') {
            it->chunk_state = it->left ? DATA : TRAILER;
            it->is_line_empty = true;
        } else if (byte != '\r') {
            it->left = it->left * 16 + (size_t)(byte <= '9' ? byte - '0' : (byte | 32) - 'a' + 10);
        }
    }
    return GOES_ON;
}

static inline enum progress take_body(struct response *it, const char *bytes, size_t length)
{
    if (it->ends == BY_CHUNKS)
        return take_chunked(it, bytes, length);
    if (it->ends == BY_LENGTH && length > it->left)
        length = it->left;
    if (length)
        it->handlers->body(it->owner, bytes, length);
    return it->ends == BY_LENGTH && !(it->left -= length) ? IS_WHOLE : GOES_ON;
}

/* Takes what has arrived. Broken: *trouble says why. */
static inline enum progress take(struct response *it, const char *bytes, size_t length, const char **trouble)
{
    if (it->head) {
        size_t part = length < HEAD_MAX - it->head_length ? length : HEAD_MAX - it->head_length;
        memcpy(it->head + it->head_length, bytes, part);
        size_t before = it->head_length;
        it->head_length += part;
        it->head[it->head_length] = 0;
        char *body = memmem(it->head, it->head_length, "\r\n\r\n", 4);
        if (!body) {
            *trouble = "its head is too long";
            return it->head_length == HEAD_MAX ? IS_BROKEN : GOES_ON;
        }
        size_t used = (size_t)(body + 4 - it->head) - before;
        read_head(it);
        if ((*trouble = it->handlers->head(it->owner)))
            return IS_BROKEN;
        drop_response(it);
        bytes += used;
        length -= used;
    }
    return take_body(it, bytes, length);
}

/* The server has closed the connection. */
static inline bool is_whole_at_close(const struct response *it)
{
    return !it->head && it->ends == BY_CLOSE;
}

#endif
