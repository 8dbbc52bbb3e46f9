/* A working day, for benchmarks: people who each keep a page open, ask, open other pages and search.
 *
 *     cc -O2 -o workday workday.c
 *     ./workday [options] <port[,port …]> <people>
 *
 * The file <people> has a line for each: a session, then for each conversation its id and the id of its last answer.
 * One after the other they come within -r seconds; what then happens within -m seconds is measured. Each person
 *
 *     opens one of their conversations every -o seconds, in turn,
 *     asks in the one that is open every -a seconds, for -k tokens, one each -i microseconds (upstream.c),
 *     searches every -s seconds,
 *     and keeps the list up to date as the page does: with one open stream of hints (GET /hints/, -w seconds after the
 *     page is there), asking for the entries that these name; or, where the site has none, by asking for the list
 *     every -l seconds, when an answer has begun, and when it has ended.
 *
 * 0 turns one of these off. Connections are kept, as a browser keeps them. Of several ports each request goes to the
 * next, whoever sends it: as by a proxy that knows several processes and no stickiness. -p: the processes of the server, whose CPU
 * time is taken over the -m seconds. A request that has not been answered 5 s after these counts as long as it took
 * by then.
 * Prints one JSON object; times are p50, p99 and max, in milliseconds:
 *
 *     page, search    from the request to the last byte
 *     first           from the request to the first token
 *     added           from the upstream's stamp of a token to here
 *     list            from what changes the list (an answer begins or ends) to when it can be shown: the last byte of
 *                     the list or of the entry, or the hint that says all of it
 *     poll            from the request for the list or an entry to the last byte, where nothing had changed, too
 *     hint            from the same change to the hint of it, where there are hints
 *     requests        how many of each kind were answered, `lists` with a new list and `unmodified` without
 *     failed, lost    requests, tokens
 *     cpu, seconds    of the server, and over how many
 *
 * One thread, epoll. Linux only.
 */
#define _GNU_SOURCE
#include "client.h"

enum { CONVERSATIONS = 64, ID = 37, TAG = 80, LINE = 512, WIRE = 2048, TAIL = 256, LOOK_US = 2000, DRAIN_SECONDS = 5 };
enum { PATIENCE_MS = 1000 }; /* before a stream of hints that was cut is opened anew, at most */

enum change { BEGUN, ENDED, CHANGES }; /* of an answer; a hint tells each, its conversation or its entry of the list */

enum kind { PAGE, ASK, SEARCH, LIST, STATE, HINTS, KINDS };

static const char *const NAMES[KINDS] = {"pages", "questions", "searches", "list", "states", "hints"};

struct conversation {
    char id[ID], leaf[ID];
};

struct person {
    const char *session;
    struct conversation conversations[CONVERSATIONS];
    size_t count, open;                 /* conversations, and which of them is on show */
    uint64_t asks, opens, searches, looks, listens; /* when next */
    char tag[TAG];                      /* of the list on show */
    bool is_asking, is_opening, is_looking, looks_at_all;
    struct conversation *looks_at;      /* the entry that is to be asked for next */
    char position[TAG];                 /* of the hints */
    uint64_t changed;                   /* since when the list shows too little; 0: it does not */
    const struct conversation *asks_in; /* where the last answer was asked for */
    bool heard[CHANGES];                /* was it told of that answer before its own stream said so? */
    uint64_t unheard[CHANGES];          /* since when a hint of it is missing; 0: none is */
    struct connection *hints, *idle;
};

struct connection {
    int fd, port;
    struct person *person;
    enum kind kind;
    bool is_used_again, is_measured, has_answered, is_idle;
    uint64_t began, changed;
    char wire[WIRE];
    size_t length, sent;
    struct response response;
    struct tokens tokens;
    long next;                          /* token */
    struct conversation *conversation;
    char line[LINE];                    /* of an event stream, in hand */
    size_t line_length;
    char event[TAG], about[ID];         /* in hand: its name, and the conversation that it names */
    char start[512], tail[TAIL];        /* of an answer */
    size_t start_length, tail_length;
    bool has_started;
    struct connection *next_idle;
};

struct times {
    uint32_t *values;
    size_t count, room;
};

static struct person *people;
static size_t people_count, people_here;
static struct connection **in_flight;   /* all that are open */
static size_t flight_count, flight_room;
static int epoll_fd;
static double ask_every = 20, open_every = 15, search_every = 60, look_every = 4,
              listen_after = 1;
static long tokens_asked = 150, interval = 20000;
static uint64_t clock_now, begins, ends;
static bool has_hints = true;
static struct times page_times, search_times, first_times, added_times, list_times, poll_times, hint_times;
static long answered[KINDS], failed[KINDS], unmodified, lost, unfinished, hint_count;
static uint64_t dice = 88172645463325252ULL;

/* Numbers */

static uint64_t throw(void) /* xorshift64 (Marsaglia 2003): the same day each time */
{
    dice ^= dice << 13;
    dice ^= dice >> 7;
    return dice ^= dice << 17;
}

static double chance(void)
{
    return (double)(throw() >> 11) / (double)(1ULL << 53);
}

static uint64_t after(uint64_t at, double seconds)
{
    return seconds > 0 ? at + (uint64_t)(seconds * 1e6) : UINT64_MAX;
}

static void note(struct times *it, uint64_t began, uint64_t ended)
{
    if (it->count == it->room)
        it->values = checked(realloc(it->values, (it->room = it->room ? it->room * 2 : 4096) * sizeof *it->values));
    it->values[it->count++] = (uint32_t)(ended > began ? ended - began : 0);
}

static bool is_in_window(uint64_t at)
{
    return at >= begins && at < ends;
}

static void make_id(char *id)
{
    uint64_t a = throw(), b = throw();
    snprintf(id, ID, "%08x-%04x-4%03x-8%03x-%012llx", (unsigned)(a >> 32), (unsigned)(a >> 16 & 0xffff),
             (unsigned)(a & 0xfff), (unsigned)(b >> 52), (unsigned long long)(b & 0xffffffffffffULL));
}

/* Connections */

static void watch(struct connection *it, uint32_t events, int operation)
{
    struct epoll_event event = {.events = events, .data.ptr = it};
    epoll_ctl(epoll_fd, operation, it->fd, &event);
}

static void forget(struct connection *it)
{
    struct connection **at = &it->person->idle;
    while (*at && *at != it)
        at = &(*at)->next_idle;
    if (*at)
        *at = it->next_idle;
    if (it->person->hints == it)
        it->person->hints = NULL;
    for (size_t number = 0; number < flight_count; number++)
        if (in_flight[number] == it)
            in_flight[number--] = in_flight[--flight_count];
    if (it->fd >= 0)
        close(it->fd);
    it->fd = -1;
    drop_response(&it->response);
}

/* Freed between two turns, when no event of this one can be for it. */
static struct connection *forgotten;

static void let_go(struct connection *it)
{
    forget(it);
    it->next_idle = forgotten;
    forgotten = it;
}

static void free_forgotten(void)
{
    while (forgotten) {
        struct connection *next = forgotten->next_idle;
        free(forgotten);
        forgotten = next;
    }
}

/* A connection to the port whose turn it is: one that is kept, or a new one. */
static struct connection *taken(struct person *person)
{
    int port = next_port();
    struct connection **at = &person->idle, *it;
    while (*at && (*at)->port != port)
        at = &(*at)->next_idle;
    if ((it = *at)) {
        *at = it->next_idle;
        it->next_idle = NULL;
        it->is_used_again = true;
        it->is_idle = false;
        return it;
    }
    it = checked(calloc(1, sizeof *it));
    it->person = person;
    it->port = port;
    it->fd = -1;
    if (flight_count == flight_room)
        in_flight = checked(realloc(in_flight, (flight_room = flight_room ? flight_room * 2 : 1024) * sizeof *in_flight));
    in_flight[flight_count++] = it;
    return it;
}

static const struct handlers HANDLERS;
static void fail(struct connection *it, const char *trouble);

static void write_more(struct connection *it)
{
    while (it->sent < it->length) {
        ssize_t count = send(it->fd, it->wire + it->sent, it->length - it->sent, MSG_NOSIGNAL);
        if (count < 0 && errno == EAGAIN)
            return;
        if (count < 0) {
            fail(it, strerror(errno));
            return;
        }
        it->sent += (size_t)count;
    }
    watch(it, EPOLLIN, EPOLL_CTL_MOD);
}

static void dispatch(struct connection *it)
{
    it->sent = 0;
    it->has_answered = it->has_started = false;
    it->start_length = it->tail_length = it->line_length = 0;
    it->next = 0;
    it->tokens = (struct tokens){0};
    drop_response(&it->response);
    begin_response(&it->response, &HANDLERS, it);
    if (it->fd < 0) {
        if ((it->fd = connected(it->port)) < 0) {
            fail(it, strerror(errno));
            return;
        }
        watch(it, EPOLLIN | EPOLLOUT, EPOLL_CTL_ADD);
    } else {
        watch(it, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
    }
}

__attribute__((format(printf, 5, 6))) static struct connection *request(struct person *person, enum kind kind,
                                                                        const char *accepts, const char *body,
                                                                        const char *format, ...)
{
    struct connection *it = taken(person);
    char path[256], content[512] = "";
    va_list values;
    va_start(values, format);
    vsnprintf(path, sizeof path, format, values);
    va_end(values);
    if (body)
        snprintf(content, sizeof content,
                 "Content-Type: application/json\r\nX-CSRFToken: cccccccccccccccccccccccccccccccc\r\n"
                 "Content-Length: %zu\r\n", strlen(body));
    else if (kind == LIST && person->tag[0] && !strcmp(path, "/conversations/"))
        snprintf(content, sizeof content, "If-None-Match: %s\r\n", person->tag);
    it->length = (size_t)snprintf(
        it->wire, WIRE,
        "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: %s\r\nAccept-Encoding: gzip, deflate\r\nAccept-Language: en\r\n"
        "Cookie: sessionid=%s; csrftoken=cccccccccccccccccccccccccccccccc\r\n%s\r\n%s",
        body ? "POST" : "GET", path, accepts, person->session, content, body ? body : "");
    it->kind = kind;
    it->began = now();
    it->is_measured = is_in_window(it->began);
    it->changed = 0;
    dispatch(it);
    return it;
}

/* What people do */

/* For an entry of the list, or (NULL) for all of it: one request after the other. */
static void look(struct person *person, struct conversation *entry)
{
    if (person->is_looking) {
        person->looks_at_all |= !entry;
        person->looks_at = entry ? entry : person->looks_at;
        return;
    }
    person->is_looking = true;
    struct connection *it = entry ? request(person, LIST, "text/html", NULL, "/conversations/%s/", entry->id)
                                  : request(person, LIST, "text/html", NULL, "/conversations/");
    it->conversation = entry;
    it->changed = person->changed;
    person->changed = 0;
}

static void look_again(struct person *person)
{
    struct conversation *entry = person->looks_at;
    if (person->looks_at_all) {
        person->looks_at_all = false;
        look(person, NULL);
    } else if (entry) {
        person->looks_at = NULL;
        look(person, entry);
    }
}

/* An answer has begun or ended, as its own stream says. Who has hints is told of it, perhaps has been. */
static void change(struct person *person, enum change what)
{
    if (!person->hints) {
        person->changed = person->changed ? person->changed : clock_now;
        look(person, NULL);
    } else if (!person->heard[what]) {
        person->unheard[what] = clock_now;
    } else if (is_in_window(clock_now)) {
        note(&hint_times, clock_now, clock_now);
        if (what == BEGUN)
            note(&list_times, clock_now, clock_now);
    }
}

/* A hint is of the last answer if it names its conversation, or none: then all that was changed before is meant. */
static void hear(struct person *person, enum change what, const char *about)
{
    if (about[0] && !(person->asks_in && !strcmp(about, person->asks_in->id)))
        return;
    if (is_in_window(person->unheard[what]))
        note(&hint_times, person->unheard[what], clock_now);
    person->heard[what] = !person->unheard[what];
    person->unheard[what] = 0;
}

static void ask(struct person *person)
{
    char body[512], id[ID];
    struct conversation *conversation = &person->conversations[person->open];
    make_id(id);
    snprintf(body, sizeof body,
             "{\"id\": \"%s\", \"text\": \"What comes after step %llu of it? bench:%ld:%ld\", \"parent\": \"%s\", "
             "\"leaf\": \"%s\"}",
             id, (unsigned long long)(throw() % 1000), interval, tokens_asked, conversation->leaf, conversation->leaf);
    person->is_asking = true;
    person->asks_in = conversation;
    person->heard[BEGUN] = person->heard[ENDED] = false;
    struct connection *it = request(person, ASK, "text/event-stream", body, "/c/%s/messages/", conversation->id);
    it->conversation = conversation;
}

static void open_page(struct person *person)
{
    size_t next = (person->open + 1) % person->count;
    person->is_opening = true;
    struct connection *it = request(person, PAGE, "text/html", NULL, "/c/%s/", person->conversations[next].id);
    it->conversation = &person->conversations[next];
}

static void listen_to_hints(struct person *person)
{
    person->listens = UINT64_MAX;
    if (!has_hints || person->hints)
        return;
    struct connection *it = request(person, HINTS, "text/event-stream", NULL, "/hints/?after=%s", person->position);
    person->hints = it->fd >= 0 ? it : NULL;
}

/* The page is there: it is another one than before, with the list as it was when it was asked for at the earliest. */
static void opened(struct person *person, const struct connection *it)
{
    for (int what = 0; what < CHANGES; what++) {
        if (!person->unheard[what] || person->unheard[what] > it->began)
            continue; /* of the latter the next stream of hints tells in its beginning */
        if (is_in_window(person->unheard[what]))
            note(&list_times, person->unheard[what], clock_now);
        person->unheard[what] = 0;
    }
    person->open = (size_t)(it->conversation - person->conversations);
    person->tag[0] = 0;
    if (person->hints)
        let_go(person->hints);
    if (has_hints)
        person->listens = after(clock_now, listen_after);
    else
        person->looks = after(clock_now, look_every);
}

static void come(struct person *person, uint64_t at)
{
    person->asks = after(at, ask_every * chance());
    person->searches = after(at, search_every * chance());
    person->opens = after(at, open_every);
    person->looks = person->listens = UINT64_MAX;
    if (!ask_every)
        person->asks = UINT64_MAX;
    if (!search_every)
        person->searches = UINT64_MAX;
    if (!open_every)
        person->opens = UINT64_MAX;
    open_page(person);
}

static void live(struct person *person, uint64_t at)
{
    if (person->opens <= at) {
        person->opens = after(person->opens, open_every);
        if (!person->is_opening)
            open_page(person);
    }
    if (person->asks <= at && !person->is_asking && !person->is_opening) {
        person->asks = after(person->asks, ask_every);
        ask(person);
    }
    if (person->searches <= at) {
        person->searches = after(person->searches, search_every);
        request(person, SEARCH, "text/html", NULL, "/search/?q=harvest+steps");
    }
    if (person->looks <= at) {
        person->looks = after(at, look_every);
        look(person, NULL);
    }
    if (person->listens <= at)
        listen_to_hints(person);
}

/* What they get */

static void take_token(void *owner)
{
    struct connection *it = owner;
    if (it->tokens.number == 0 && it->is_measured)
        note(&first_times, it->began, clock_now);
    lost += it->tokens.number != it->next;
    it->next = it->tokens.number + 1;
    if (it->is_measured)
        note(&added_times, it->tokens.stamp, clock_now);
}

static void take_start(struct connection *it, const char *bytes, size_t length)
{
    size_t room = sizeof it->start - 1 - it->start_length, part = length < room ? length : room;
    memcpy(it->start + it->start_length, bytes, part);
    it->start[it->start_length += part] = 0;
    char *message = strstr(it->start, "\"message\":");
    char *id = message ? strchr(message + 10, '"') : NULL;
    if (!id || strlen(id) < ID)
        return;
    it->has_started = true;
    snprintf(it->conversation->leaf, ID, "%.36s", id + 1);
    change(it->person, BEGUN);
}

static void keep_tail(struct connection *it, const char *bytes, size_t length)
{
    if (length > TAIL) {
        bytes += length - TAIL;
        length = TAIL;
    }
    size_t kept = it->tail_length + length > TAIL ? TAIL - length : it->tail_length;
    memmove(it->tail, it->tail + it->tail_length - kept, kept);
    memcpy(it->tail + kept, bytes, length);
    it->tail_length = kept + length;
}

/* An answer is being written: its entry is moved below the heading of today, which the list has (people.py). */
static void take_news(struct connection *it)
{
    struct person *person = it->person;
    if (!it->about[0]) {
        request(person, STATE, "application/json", NULL, "/c/%s/", person->conversations[person->open].id);
    } else if (is_in_window(person->unheard[BEGUN])) {
        note(&list_times, person->unheard[BEGUN], clock_now);
    }
}

static void take_change(struct connection *it)
{
    struct person *person = it->person;
    struct conversation *entry = NULL;
    for (size_t number = 0; number < person->count; number++)
        if (!strcmp(it->about, person->conversations[number].id))
            entry = &person->conversations[number];
    if (!person->changed)
        person->changed = person->unheard[ENDED] ? person->unheard[ENDED] : clock_now;
    look(person, entry);
}

static void take_hint(struct connection *it)
{
    struct person *person = it->person;
    bool is_news = !strcmp(it->event, "conversation");
    if (!is_news && strcmp(it->event, "list"))
        return;
    hint_count++;
    if (is_news)
        take_news(it);
    else
        take_change(it);
    hear(person, is_news ? BEGUN : ENDED, it->about);
}

static void take_line(struct connection *it)
{
    const char *about;
    if (!it->line[0]) {
        take_hint(it);
        it->event[0] = it->about[0] = 0;
    } else if (!strncmp(it->line, "event: ", 7)) {
        snprintf(it->event, TAG, "%.*s", TAG - 1, it->line + 7);
    } else if (!strncmp(it->line, "id: ", 4)) {
        snprintf(it->person->position, TAG, "%.*s", TAG - 1, it->line + 4);
    } else if (!strncmp(it->line, "data: ", 6) && (about = strstr(it->line, "\"conversation\":"))) {
        about = strchr(about + 15, '"');
        snprintf(it->about, ID, "%.36s", about ? about + 1 : "");
    }
}

static void take_lines(struct connection *it, const char *bytes, size_t length)
{
    for (size_t at = 0; at < length; at++) {
        if (bytes[at] == '\n') {
            it->line[it->line_length] = 0;
            take_line(it);
            it->line_length = 0;
        } else if (it->line_length < LINE - 1) {
            it->line[it->line_length++] = bytes[at];
        }
    }
}

static void heard(void *owner, const char *bytes, size_t length)
{
    struct connection *it = owner;
    if (it->kind == HINTS) {
        take_lines(it, bytes, length);
    } else if (it->kind == ASK) {
        if (!it->has_started)
            take_start(it, bytes, length);
        find_tokens(&it->tokens, bytes, length, take_token, it);
        keep_tail(it, bytes, length);
    }
}

static const char *began_well(void *owner)
{
    struct connection *it = owner;
    int status = it->response.status;
    it->has_answered = true;
    if (it->kind == HINTS && status == 404) {
        has_hints = false;
        it->person->looks = after(clock_now, look_every * chance());
        return NULL;
    }
    if (status != 200 && !(it->kind == LIST && status == 304)) {
        static int said;
        if (said++ < 3)
            fprintf(stderr, "workday: %.200s\nworkday: %.*s\n", it->wire, 400, it->response.head);
        return "another status";
    }
    const char *tag = it->kind == LIST && !it->conversation ? header(&it->response, "\r\netag: ") : NULL;
    if (tag)
        snprintf(it->person->tag, TAG, "%.*s", (int)strcspn(tag, "\r\n"), tag);
    return NULL;
}

static const struct handlers HANDLERS = {.head = began_well, .body = heard};

static void looked(struct connection *it)
{
    struct person *person = it->person;
    person->is_looking = false;
    if (it->changed && is_in_window(it->changed))
        note(&list_times, it->changed, clock_now);
    if (it->is_measured)
        note(&poll_times, it->began, clock_now);
    look_again(person);
}

/* It is over, well or not. */
static void finish(struct connection *it, bool is_well)
{
    struct person *person = it->person;
    if (it->kind == PAGE) {
        person->is_opening = false;
        if (is_well && it->is_measured)
            note(&page_times, it->began, clock_now);
        if (is_well)
            opened(person, it);
    } else if (it->kind == ASK) {
        person->is_asking = false;
        change(person, ENDED);
    } else if (it->kind == SEARCH) {
        if (is_well && it->is_measured)
            note(&search_times, it->began, clock_now);
    } else if (it->kind == LIST) {
        looked(it);
    } else if (it->kind == HINTS && has_hints) {
        person->hints = NULL;
        person->listens = after(clock_now, PATIENCE_MS / 1e3 * chance() + 1e-6);
    }
}

static void fail(struct connection *it, const char *trouble)
{
    /* A connection that was kept, and closed from the other side while this request was on its way. */
    if (it->is_used_again && !it->has_answered) {
        it->is_used_again = false;
        close(it->fd);
        it->fd = -1;
        dispatch(it);
        return;
    }
    if (is_in_window(clock_now))
        failed[it->kind]++;
    static int said;
    if (said++ < 5)
        fprintf(stderr, "workday: one of the %s: %s\n", NAMES[it->kind], trouble);
    struct connection ended = *it;
    let_go(it);
    finish(&ended, false);
}

static void succeed(struct connection *it)
{
    if (it->kind == ASK && !memmem(it->tail, it->tail_length, "\"status\":\"complete\"", 19)) {
        fail(it, "another ending");
        return;
    }
    if (it->kind == ASK)
        lost += it->next != tokens_asked;
    if (is_in_window(clock_now)) {
        answered[it->kind]++;
        unmodified += it->response.status == 304;
    }
    struct connection ended = *it;
    if (it->response.closes) {
        let_go(it);
    } else {
        it->is_idle = true;
        it->next_idle = it->person->idle;
        it->person->idle = it;
        if (it->person->hints == it)
            it->person->hints = NULL;
    }
    ended.response.head = NULL;
    finish(&ended, true);
}

static void read_more(struct connection *it)
{
    static char bytes[PIECE];
    const char *trouble = NULL;
    while (it->fd >= 0) {
        ssize_t count = recv(it->fd, bytes, sizeof bytes, 0);
        clock_now = now();
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0 && errno == EAGAIN)
            return;
        if (it->is_idle) {
            let_go(it);
        } else if (count > 0) {
            enum progress progress = take(&it->response, bytes, (size_t)count, &trouble);
            if (progress == IS_WHOLE)
                succeed(it);
            else if (progress == IS_BROKEN)
                fail(it, trouble);
        } else if (count == 0 && is_whole_at_close(&it->response)) {
            it->response.closes = true;
            succeed(it);
        } else {
            fail(it, count ? strerror(errno) : "it was cut off");
        }
        if (count < (ssize_t)sizeof bytes)
            return;
    }
}

/* Before and after */

static void read_people(const char *name)
{
    size_t total, room = 0;
    for (char *line = strtok(read_file(name, &total), "\n"); line; line = strtok(NULL, "\n")) {
        char *rest = NULL;
        if (people_count == room)
            people = checked(realloc(people, (room = room ? room * 2 : 256) * sizeof *people));
        struct person *person = &people[people_count++];
        *person = (struct person){.session = strtok_r(line, " ", &rest)};
        for (char *id, *leaf; person->count < CONVERSATIONS && (id = strtok_r(NULL, " ", &rest)); person->count++) {
            if (!(leaf = strtok_r(NULL, " ", &rest)))
                stop("the file of people is broken");
            struct conversation *it = &person->conversations[person->count];
            snprintf(it->id, ID, "%s", id);
            snprintf(it->leaf, ID, "%s", leaf);
        }
        if (!person->count)
            stop("the file of people is broken");
        person->open = (size_t)(throw() % person->count);
    }
}

static bool is_awaited(const struct connection *it)
{
    return !it->is_idle && it->is_measured && it->kind != HINTS && (it->kind != ASK || !it->next);
}

static bool is_any_awaited(void)
{
    for (size_t number = 0; number < flight_count; number++)
        if (is_awaited(in_flight[number]))
            return true;
    return false;
}

/* What was asked, or changed, within the time and has not come took at least so long. */
static void count_unfinished(void)
{
    for (size_t number = 0; number < people_here; number++) {
        for (int what = 0; what < CHANGES; what++) {
            if (!is_in_window(people[number].unheard[what]))
                continue;
            note(&hint_times, people[number].unheard[what], clock_now);
            note(&list_times, people[number].unheard[what], clock_now);
        }
    }
    for (size_t number = 0; number < flight_count; number++) {
        struct connection *it = in_flight[number];
        if (!is_awaited(it))
            continue;
        unfinished++;
        struct times *times[KINDS] = {&page_times, &first_times, &search_times, &poll_times, &poll_times, NULL};
        note(times[it->kind], it->began, clock_now);
        if (it->kind == LIST && it->changed)
            note(&list_times, it->changed, clock_now);
    }
}

static void print_result(double cpu)
{
    printf("{\"people\": %zu, \"hints\": %s, \"cpu\": %.3f, \"seconds\": %.3f, ", people_count,
           has_hints ? "true" : "false", cpu / 1e6, (double)(ends - begins) / 1e6);
    print_times("page", page_times.values, page_times.count);
    print_times("first", first_times.values, first_times.count);
    print_times("added", added_times.values, added_times.count);
    print_times("list", list_times.values, list_times.count);
    print_times("poll", poll_times.values, poll_times.count);
    print_times("search", search_times.values, search_times.count);
    print_times("hint", hint_times.values, hint_times.count);
    printf("\"requests\": {\"pages\": %ld, \"questions\": %ld, \"searches\": %ld, \"lists\": %ld, \"unmodified\": %ld, "
           "\"hints\": %ld}, ",
           answered[PAGE], answered[ASK], answered[SEARCH], answered[LIST] - unmodified, unmodified, hint_count);
    long all = 0;
    for (int kind = 0; kind < KINDS; kind++)
        all += failed[kind];
    printf("\"failed\": %ld, \"unfinished\": %ld, \"lost\": %ld}\n", all, unfinished, lost);
}

static void turn(uint64_t until)
{
    static uint64_t looks_at;
    struct epoll_event events[EVENTS];
    struct timespec limit = {.tv_nsec = LOOK_US * 1000};
    int found = epoll_pwait2(epoll_fd, events, EVENTS, &limit, NULL);
    clock_now = now();
    for (int number = 0; number < found; number++) {
        struct connection *it = events[number].data.ptr;
        if (it->fd >= 0 && events[number].events & EPOLLOUT)
            write_more(it);
        if (it->fd >= 0 && events[number].events & (EPOLLIN | EPOLLERR | EPOLLHUP))
            read_more(it);
    }
    if ((clock_now = now()) >= looks_at && clock_now < until) {
        looks_at = clock_now + LOOK_US;
        for (size_t number = 0; number < people_here; number++)
            live(&people[number], clock_now);
    }
    free_forgotten();
}

int main(int count, char **words)
{
    double over = 10, measured = 60;

    for (int option; (option = getopt(count, words, "r:m:a:o:s:l:w:k:i:p:")) != -1;) {
        switch (option) {
        case 'r': over = atof(optarg); break;
        case 'm': measured = atof(optarg); break;
        case 'a': ask_every = atof(optarg); break;
        case 'o': open_every = atof(optarg); break;
        case 's': search_every = atof(optarg); break;
        case 'l': look_every = atof(optarg); break;
        case 'w': listen_after = atof(optarg); break;
        case 'k': tokens_asked = atol(optarg); break;
        case 'i': interval = atol(optarg); break;
        case 'p': read_pids(optarg); break;
        default: stop("an option is wrong; see the top of workday.c");
        }
    }
    if (count - optind != 2)
        stop("usage: workday [options] <port> <people>");
    read_ports(words[optind]);
    read_people(words[optind + 1]);
    raise_open_files();
    signal(SIGPIPE, SIG_IGN);
    epoll_fd = epoll_create1(0);

    uint64_t began = clock_now = now();
    double gap = over * 1e6 / (double)people_count, cpu = 0;
    begins = after(began, over) + 1;
    ends = after(begins, measured);
    while (clock_now < begins) {
        while (people_here < people_count && began + (uint64_t)(gap * (double)people_here) <= clock_now)
            come(&people[people_here++], clock_now);
        turn(ends);
    }
    cpu = cpu_time();
    while (clock_now < ends)
        turn(ends);
    cpu = cpu_time() - cpu;
    for (uint64_t last = after(ends, DRAIN_SECONDS); clock_now < last && is_any_awaited();)
        turn(ends);
    count_unfinished();
    print_result(cpu);
    return 0;
}
