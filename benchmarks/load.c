/* A load client for benchmarks: opens streams, reads stamped tokens, and says how late they came and what is missing.
 *
 *     cc -O2 -o load load.c
 *     ./load <port> <requests> [-o seconds] [-c streams] [-t seconds] [-e words] [-p pid[,pid …]]
 *
 * The file <requests> holds whole HTTP requests, each after a line "<bytes> <tokens>": how long it is, and how many
 * tokens its answer must have. They are sent one after the other, on a connection each, evenly over -o seconds
 * (default: at once), at most -c at a time (default: all). After -t seconds (default 120) what is still open has
 * failed. An answer has failed too that does not hold the words -e in its last 512 bytes. -p: the processes of the
 * server, whose CPU time is noted at each tenth of all tokens.
 *
 * The tokens are those of upstream.c, "~<number>.<microseconds>;", wherever they stand in the body: plain text,
 * events, one or many in a piece. Each must come once and in order. Prints one JSON object:
 *
 *     first_ms    from connecting to the first token: p50, p99, max over the streams
 *     added_ms    from the upstream's stamp to here: p50, p99, max over the tokens
 *     lost, doubled, tokens, finished, failed, seconds
 *     tenths      microseconds of the server's CPU for a token, in each tenth of the tokens
 *
 * One thread, epoll. Linux only.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
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

enum { EVENTS = 256, PIECE = 65536, HEAD_MAX = 16384, TAIL = 512, PIDS_MAX = 64, TENTHS = 10 };

struct stream {
    int fd;                                 /* -1: not open */
    const char *request;
    size_t request_length, request_sent;
    long expected, next;                    /* tokens: how many there will be, which comes next */
    uint64_t began;
    char *head;                             /* of the response, until it is whole */
    size_t head_length;
    enum { BY_CLOSE, BY_LENGTH, BY_CHUNKS } ends;
    enum { SIZE, DATA, AFTER_DATA, TRAILER } chunk_state;
    size_t left;                            /* of the body or of the chunk */
    bool is_line_empty;                     /* in the trailer */
    enum { TEXT, NUMBER, STAMP } token_state;
    long number;
    uint64_t stamp;
    char tail[TAIL];
    size_t tail_length;
};

static struct stream *streams;
static size_t stream_count;
static int epoll_fd, port;
static const char *ending;
static uint64_t clock_now;                  /* when the piece in hand was read */
static uint32_t *first_times, *added_times;
static size_t first_count, added_count;
static long expected_tokens, lost, doubled;
static size_t opened, finished, failed;
static clockid_t clocks[PIDS_MAX];
static int clock_count;
static double cpu_at[TENTHS + 1];
static long tokens_at[TENTHS + 1];
static int tenths;

static uint64_t now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (uint64_t)at.tv_sec * 1000000 + (uint64_t)at.tv_nsec / 1000;
}

static void stop(const char *words)
{
    fprintf(stderr, "load: %s\n", words);
    exit(1);
}

static void *checked(void *memory)
{
    if (!memory)
        stop("out of memory");
    return memory;
}

/* The server's CPU time */

static void read_pids(char *words)
{
    for (char *word = strtok(words, ","); word && clock_count < PIDS_MAX; word = strtok(NULL, ","))
        if (clock_getcpuclockid(atoi(word), &clocks[clock_count]) == 0)
            clock_count++;
}

static void note_cpu(void)
{
    double sum = 0;
    struct timespec used;
    for (int number = 0; number < clock_count; number++)
        if (clock_gettime(clocks[number], &used) == 0)
            sum += (double)used.tv_sec * 1e6 + (double)used.tv_nsec / 1e3;
    tokens_at[tenths] = (long)added_count;
    cpu_at[tenths++] = sum;
}

/* Tokens */

static void take_token(struct stream *it)
{
    if (it->number < it->next) {
        doubled++;
        return;
    }
    lost += it->number - it->next;
    if (it->next == 0)
        first_times[first_count++] = (uint32_t)(clock_now - it->began);
    it->next = it->number + 1;
    if (added_count == (size_t)expected_tokens)
        return; /* more than there can be: counted in `lost` of the others */
    added_times[added_count++] = (uint32_t)(clock_now > it->stamp ? clock_now - it->stamp : 0);
    if (tenths <= TENTHS && added_count >= (size_t)expected_tokens * (size_t)tenths / TENTHS)
        note_cpu();
}

static void find_tokens(struct stream *it, const char *bytes, size_t length)
{
    for (const char *end = bytes + length; bytes < end; bytes++) {
        char byte = *bytes;
        if (it->token_state == TEXT) {
            if (!(bytes = memchr(bytes, '~', (size_t)(end - bytes))))
                return;
            it->token_state = NUMBER;
            it->number = 0;
        } else if (byte >= '0' && byte <= '9') {
            if (it->token_state == NUMBER)
                it->number = it->number * 10 + (byte - '0');
            else
                it->stamp = it->stamp * 10 + (uint64_t)(byte - '0');
        } else if (it->token_state == NUMBER && byte == '.') {
            it->token_state = STAMP;
            it->stamp = 0;
        } else {
            if (it->token_state == STAMP && byte == ';')
                take_token(it);
            it->token_state = TEXT;
        }
    }
}

static void keep_tail(struct stream *it, const char *bytes, size_t length)
{
    if (length >= TAIL) {
        memcpy(it->tail, bytes + length - TAIL, TAIL);
        it->tail_length = TAIL;
        return;
    }
    if (it->tail_length + length > TAIL) {
        size_t drop = it->tail_length + length - TAIL;
        memmove(it->tail, it->tail + drop, it->tail_length -= drop);
    }
    memcpy(it->tail + it->tail_length, bytes, length);
    it->tail_length += length;
}

static void take_body(struct stream *it, const char *bytes, size_t length)
{
    find_tokens(it, bytes, length);
    if (ending)
        keep_tail(it, bytes, length);
}

/* HTTP */

static void end(struct stream *it, const char *trouble)
{
    if (!trouble && ending && !memmem(it->tail, it->tail_length, ending, strlen(ending)))
        trouble = "another ending";
    if (trouble && failed++ < 3)
        fprintf(stderr, "load: stream %zu, token %ld: %s\n", (size_t)(it - streams), it->next, trouble);
    finished += !trouble;
    lost += it->expected > it->next ? it->expected - it->next : 0;
    close(it->fd);
    it->fd = -1;
    free(it->head);
    it->head = NULL;
}

/* The body without the sizes between its chunks. True: it has ended. */
static bool take_chunked(struct stream *it, const char *bytes, size_t length)
{
    const char *last = bytes + length;
    while (bytes < last) {
        if (it->chunk_state == DATA) {
            size_t part = (size_t)(last - bytes) < it->left ? (size_t)(last - bytes) : it->left;
            take_body(it, bytes, part);
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
                return true;
            it->is_line_empty = byte == '\n' || (byte == '\r' && it->is_line_empty);
        } else if (byte == '\n') {
            it->chunk_state = it->left ? DATA : TRAILER;
            it->is_line_empty = true;
        } else if (byte != '\r') {
            it->left = it->left * 16 + (size_t)(byte <= '9' ? byte - '0' : (byte | 32) - 'a' + 10);
        }
    }
    return false;
}

/* True: the response has ended. */
static bool take_bytes(struct stream *it, const char *bytes, size_t length)
{
    if (it->ends == BY_CHUNKS)
        return take_chunked(it, bytes, length);
    if (it->ends == BY_LENGTH && length > it->left)
        length = it->left;
    take_body(it, bytes, length);
    return it->ends == BY_LENGTH && !(it->left -= length);
}

/* What the head says of the body. NULL, or what is wrong. */
static const char *read_head(struct stream *it)
{
    const char *at;
    if (strncmp(it->head, "HTTP/1.1 200 ", 13)) {
        if (failed < 3)
            fprintf(stderr, "load: %.*s\n", 400, it->head);
        return "not a 200";
    }
    if ((at = strcasestr(it->head, "\r\ncontent-encoding:")) && strncasecmp(at + 19, " identity", 9))
        return "it is compressed";
    if (strcasestr(it->head, "\r\ntransfer-encoding: chunked")) {
        it->ends = BY_CHUNKS;
    } else if ((at = strcasestr(it->head, "\r\ncontent-length:"))) {
        it->ends = BY_LENGTH;
        it->left = strtoul(at + 17, NULL, 10);
    }
    return NULL;
}

static void take(struct stream *it, const char *bytes, size_t length)
{
    if (it->head) {
        size_t part = length < HEAD_MAX - it->head_length ? length : HEAD_MAX - it->head_length;
        memcpy(it->head + it->head_length, bytes, part);
        size_t before = it->head_length;
        it->head_length += part;
        it->head[it->head_length] = 0;
        char *body = memmem(it->head, it->head_length, "\r\n\r\n", 4);
        if (!body) {
            if (it->head_length == HEAD_MAX)
                end(it, "its head is too long");
            return;
        }
        const char *trouble = read_head(it);
        if (trouble) {
            end(it, trouble);
            return;
        }
        size_t used = (size_t)(body + 4 - it->head) - before;
        free(it->head);
        it->head = NULL;
        bytes += used;
        length -= used;
    }
    if (take_bytes(it, bytes, length))
        end(it, NULL);
}

static void read_more(struct stream *it)
{
    static char bytes[PIECE];
    while (it->fd >= 0) {
        ssize_t count = recv(it->fd, bytes, sizeof bytes, 0);
        clock_now = now();
        if (count > 0)
            take(it, bytes, (size_t)count);
        else if (count < 0 && errno == EINTR)
            continue;
        else if (count == 0 && !it->head && it->ends == BY_CLOSE)
            end(it, NULL);
        else if (count == 0)
            end(it, "it was cut off");
        else if (errno != EAGAIN)
            end(it, strerror(errno));
        if (count < (ssize_t)sizeof bytes)
            return;
    }
}

static void watch(struct stream *it, uint32_t events, int operation)
{
    struct epoll_event event = {.events = events, .data.ptr = it};
    epoll_ctl(epoll_fd, operation, it->fd, &event);
}

static void write_more(struct stream *it)
{
    while (it->request_sent < it->request_length) {
        ssize_t count =
            send(it->fd, it->request + it->request_sent, it->request_length - it->request_sent, MSG_NOSIGNAL);
        if (count < 0 && errno == EAGAIN)
            return;
        if (count < 0) {
            end(it, strerror(errno));
            return;
        }
        it->request_sent += (size_t)count;
    }
    watch(it, EPOLLIN, EPOLL_CTL_MOD);
}

static void open_stream(struct stream *it)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    it->began = now();
    it->head = checked(malloc(HEAD_MAX + 1));
    it->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(it->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    opened++;
    if (it->fd < 0 || (connect(it->fd, (struct sockaddr *)&address, sizeof address) && errno != EINPROGRESS))
        end(it, strerror(errno));
    else
        watch(it, EPOLLIN | EPOLLOUT, EPOLL_CTL_ADD);
}

/* Before and after */

static char *read_file(const char *name, size_t *length)
{
    FILE *file = fopen(name, "rb");
    if (!file)
        stop("the file of requests cannot be read");
    fseek(file, 0, SEEK_END);
    *length = (size_t)ftell(file);
    rewind(file);
    char *bytes = checked(malloc(*length + 1));
    if (fread(bytes, 1, *length, file) != *length)
        stop("the file of requests cannot be read");
    bytes[*length] = 0;
    fclose(file);
    return bytes;
}

static void read_requests(const char *name)
{
    size_t total;
    char *at = read_file(name, &total), *last = at + total;
    while (at < last) {
        size_t length;
        long expected;
        char *line = at;
        if (sscanf(line, "%zu %ld", &length, &expected) != 2 || !(at = strchr(line, '\n')))
            stop("the file of requests is broken");
        if (stream_count % 1024 == 0)
            streams = checked(realloc(streams, (stream_count + 1024) * sizeof *streams));
        streams[stream_count++] = (struct stream){
            .fd = -1, .request = at + 1, .request_length = length, .expected = expected};
        expected_tokens += expected;
        at += 1 + length;
    }
    first_times = checked(calloc(stream_count + 1, sizeof *first_times));
    added_times = checked(calloc((size_t)expected_tokens + 1, sizeof *added_times));
}

static int by_size(const void *one, const void *other)
{
    uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)other;
    return (a > b) - (a < b);
}

static void print_times(const char *name, uint32_t *times, size_t count)
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

static void print_result(double seconds)
{
    printf("{\"streams\": %zu, \"finished\": %zu, \"failed\": %zu, \"tokens\": %zu, \"lost\": %ld, \"doubled\": %ld, ",
           stream_count, finished, failed, added_count, lost, doubled);
    print_times("first_ms", first_times, first_count);
    print_times("added_ms", added_times, added_count);
    printf("\"tenths\": [");
    for (int number = 1; clock_count && number < tenths; number++) {
        long tokens = tokens_at[number] - tokens_at[number - 1];
        double cpu = cpu_at[number] - cpu_at[number - 1];
        printf("%s%.2f", number > 1 ? ", " : "", tokens ? cpu / (double)tokens : 0.0);
    }
    printf("], \"seconds\": %.3f}\n", seconds);
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
    double over = 0, timeout = 120;
    size_t at_once = SIZE_MAX;
    struct epoll_event events[EVENTS];

    for (int option; (option = getopt(count, words, "o:c:t:e:p:")) != -1;) {
        switch (option) {
        case 'o': over = atof(optarg); break;
        case 'c': at_once = strtoul(optarg, NULL, 10); break;
        case 't': timeout = atof(optarg); break;
        case 'e': ending = optarg; break;
        case 'p': read_pids(optarg); break;
        default: stop("an option is wrong; see the top of load.c");
        }
    }
    if (count - optind != 2)
        stop("usage: load [options] <port> <requests>");
    port = atoi(words[optind]);
    read_requests(words[optind + 1]);
    raise_open_files();
    signal(SIGPIPE, SIG_IGN);
    epoll_fd = epoll_create1(0);

    uint64_t began = now(), gives_up = began + (uint64_t)(timeout * 1e6);
    double gap = stream_count ? over * 1e6 / (double)stream_count : 0;
    note_cpu();
    while (finished + failed < stream_count && now() < gives_up) {
        uint64_t wait = 1000000, at = now(), due = 0;
        while (opened < stream_count && opened - finished - failed < at_once) {
            due = began + (uint64_t)(gap * (double)opened);
            if (due > at)
                break;
            open_stream(&streams[opened]);
        }
        if (opened < stream_count && due > at)
            wait = due - at;
        struct timespec limit = {.tv_sec = (time_t)(wait / 1000000), .tv_nsec = (long)(wait % 1000000) * 1000};
        int found = epoll_pwait2(epoll_fd, events, EVENTS, &limit, NULL);
        for (int number = 0; number < found; number++) {
            struct stream *it = events[number].data.ptr;
            if (events[number].events & EPOLLOUT)
                write_more(it);
            if (it->fd >= 0 && events[number].events & (EPOLLIN | EPOLLERR | EPOLLHUP))
                read_more(it);
        }
    }
    double seconds = (double)(now() - began) / 1e6;
    for (size_t number = 0; number < stream_count; number++)
        if (streams[number].fd >= 0 || number >= opened)
            end(&streams[number], "it did not end in time");
    print_result(seconds);
    return 0;
}
