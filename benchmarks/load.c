/* A load client for benchmarks: opens streams, reads stamped tokens, and says how late they came and what is missing.
 *
 *     cc -O2 -o load load.c
 *     ./load <port[,port …]> <requests> [-o seconds] [-c streams] [-t seconds] [-e words] [-p pid[,pid …]]
 *
 * The file <requests> holds whole HTTP requests, each after a line "<bytes> <tokens>": how long it is, and how many
 * tokens its answer must have. They are sent one after the other, on a connection each, to the ports in turn, evenly
 * over -o seconds (default: at once), at most -c at a time (default: all). After -t seconds (default 120) what is still open has
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
#include "client.h"

enum { TAIL = 512, TENTHS = 10 };

struct stream {
    int fd;                                 /* -1: not open */
    const char *request;
    size_t request_length, request_sent;
    long expected, next;                    /* tokens: how many there will be, which comes next */
    uint64_t began;
    struct response response;
    struct tokens tokens;
    char tail[TAIL];
    size_t tail_length;
};

static struct stream *streams;
static size_t stream_count;
static int epoll_fd;
static const char *ending;
static uint64_t clock_now;                  /* when the piece in hand was read */
static uint32_t *first_times, *added_times;
static size_t first_count, added_count;
static long expected_tokens, lost, doubled;
static size_t opened, finished, failed;
static double cpu_at[TENTHS + 1];
static long tokens_at[TENTHS + 1];
static int tenths;

static void note_cpu(void)
{
    tokens_at[tenths] = (long)added_count;
    cpu_at[tenths++] = cpu_time();
}

/* Tokens */

static void take_token(void *owner)
{
    struct stream *it = owner;
    long number = it->tokens.number;
    uint64_t stamp = it->tokens.stamp;
    if (number < it->next) {
        doubled++;
        return;
    }
    lost += number - it->next;
    if (it->next == 0)
        first_times[first_count++] = (uint32_t)(clock_now - it->began);
    it->next = number + 1;
    if (added_count == (size_t)expected_tokens)
        return; /* more than there can be: counted in `lost` of the others */
    added_times[added_count++] = (uint32_t)(clock_now > stamp ? clock_now - stamp : 0);
    if (tenths <= TENTHS && added_count >= (size_t)expected_tokens * (size_t)tenths / TENTHS)
        note_cpu();
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

static void heard(void *owner, const char *bytes, size_t length)
{
    struct stream *it = owner;
    find_tokens(&it->tokens, bytes, length, take_token, it);
    if (ending)
        keep_tail(it, bytes, length);
}

static const char *began_well(void *owner)
{
    const struct response *it = &((struct stream *)owner)->response;
    const char *value;
    if (it->status != 200) {
        if (failed < 3)
            fprintf(stderr, "load: %.*s\n", 400, it->head);
        return "not a 200";
    }
    if ((value = header(it, "\r\ncontent-encoding:")) && strncasecmp(value, " identity", 9))
        return "it is compressed";
    return NULL;
}

static const struct handlers HANDLERS = {.head = began_well, .body = heard};

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
    drop_response(&it->response);
}

static void read_more(struct stream *it)
{
    static char bytes[PIECE];
    const char *trouble = NULL;
    while (it->fd >= 0) {
        ssize_t count = recv(it->fd, bytes, sizeof bytes, 0);
        clock_now = now();
        if (count > 0) {
            enum progress progress = take(&it->response, bytes, (size_t)count, &trouble);
            if (progress != GOES_ON)
                end(it, progress == IS_WHOLE ? NULL : trouble);
        } else if (count < 0 && errno == EINTR) {
            continue;
        } else if (count == 0) {
            end(it, is_whole_at_close(&it->response) ? NULL : "it was cut off");
        } else if (errno != EAGAIN) {
            end(it, strerror(errno));
        }
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
    it->began = now();
    begin_response(&it->response, &HANDLERS, it);
    it->fd = connected(next_port());
    opened++;
    if (it->fd < 0)
        end(it, strerror(errno));
    else
        watch(it, EPOLLIN | EPOLLOUT, EPOLL_CTL_ADD);
}

/* Before and after */

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
    read_ports(words[optind]);
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
