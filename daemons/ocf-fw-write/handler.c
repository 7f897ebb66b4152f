#include "handler.h"

#include <fcntl.h>
#include <stdio.h>

#include "base/parse.h"
#include "files.h"
#include "probe.h"

struct handler {
	struct backend backend; /* the first member */
	const struct handler_config *config;
	struct backend *inner; /* NULL: none */
	struct runner *runner;
	int control;
	int dir;
	char boot_id[PROTO_LABEL];
	int fd;     /* what is being written to it, borrowed; -1: nothing */
	bool begun; /* and neither committed nor aborted */
};

static struct handler *handler_of(struct backend *b)
{
	return (struct handler *)(void *)b;
}

static bool is_ours(const struct handler *h, const char *component)
{
	return !h->inner || span_has_word(span_str(h->config->components), span_str(component));
}

/* With `attempts` it cannot be taken back: nobody's end stops it, and it has time as long as it
 * gives signs of life. */
static int call(struct handler *h, const char *verb, const char *word, const char *attempts)
{
	const char *const args[] = {verb, word, NULL};
	struct runner_call c = {.program = PROGRAM_HANDLER, .args = args, .fd = -1};
	struct calls_env env = {0};

	h->fd = -1;
	if (h->backend.plan)
		calls_env_init(&env, h->backend.plan);
	calls_env_add(&env, "DIRECTORY", h->config->directory);
	c.env = env.list;
	if (attempts) {
		calls_env_add(&env, "ATTEMPTS", attempts);
		c.time = RUNNER_REPORTS;
	}
	return calls_run(h->runner, attempts ? -1 : h->control, &c, h->backend.why);
}

/* The inner back end's own words are ours. */
static int inner_said(struct handler *h, int r)
{
	memcpy(h->backend.why, h->inner->why, sizeof(h->backend.why));
	return r;
}

static void handler_free(struct backend *b)
{
	struct handler *h = handler_of(b);

	h->control = -1; /* it may have ended, and this has to be said all the same */
	if (h->begun && call(h, "abort", NULL, NULL) < 0)
		h->begun = false; /* nobody is left to be told */
	backend_free(h->inner);
	closep(&h->dir);
	free(h);
}

static void put_value(char *ret, size_t room, struct span value)
{
	char text[PROTO_TEXT];

	if (span_to_str(value, text, sizeof(text)) == 0)
		proto_text(ret, room, text);
}

void handler_read_state(struct span text, struct proto_slots_are *ret)
{
	*ret = (struct proto_slots_are){0};
	while (text.ptr) {
		struct span value = span_cut(&text, '\n'), name = span_cut(&value, '=');

		if (span_is(name, "running"))
			put_value(ret->running, sizeof(ret->running), value);
		else if (span_is(name, "pending"))
			put_value(ret->pending, sizeof(ret->pending), value);
		else if (span_is(name, "failed"))
			put_value(ret->failed, sizeof(ret->failed), value);
		else if (span_is(name, "slot"))
			put_value(ret->slot, sizeof(ret->slot), value);
		else if (span_is(name, "primary"))
			put_value(ret->primary, sizeof(ret->primary), value);
		else if (span_is(name, "boot"))
			put_value(ret->boot, sizeof(ret->boot), value);
		else if (span_is(name, "immediate"))
			ret->immediate = span_is(value, "yes");
		else if (span_is(name, "standing"))
			ret->standing = span_is(value, "confirmed")     ? PROTO_CONFIRMED
					: span_is(value, "unconfirmed") ? PROTO_UNCONFIRMED
									: PROTO_UNKNOWN;
		else if (span_is(name, "left") && !parse_u32(value, &ret->left))
			ret->left = 0;
	}
}

static void handler_state(struct backend *b, struct proto_slots_are *ret)
{
	static struct runner_result result;
	static const char *const ARGS[] = {"state", NULL};
	const struct runner_call c = {.program = PROGRAM_HANDLER, .args = ARGS, .fd = -1};
	struct handler *h = handler_of(b);

	if (h->inner) {
		h->inner->ops->state(h->inner, ret);
		return;
	}
	*ret = (struct proto_slots_are){.error = FWE_INSTALL_FAILED};
	if (runner_run(h->runner, &c, h->control, &result) == 0)
		handler_read_state(span_of(result.output, result.len), ret);
	else if (result.error == -EREMOTEIO && result.status == CALLS_DEFERRED)
		ret->error = FWE_POLICY_DEFERRED;
	if (!ret->boot[0])
		memcpy(ret->boot, h->boot_id, sizeof(ret->boot));
}

static int handler_lock(struct backend *b)
{
	struct handler *h = handler_of(b);

	return h->inner ? inner_said(h, h->inner->ops->lock(h->inner)) : files_lock(h->dir);
}

static int handler_choose(struct backend *b)
{
	struct handler *h = handler_of(b);
	int r = 0;

	if (h->inner) {
		h->inner->plan = b->plan;
		r = inner_said(h, h->inner->ops->choose(h->inner));
	}
	if (r == 0)
		r = call(h, "begin", NULL, NULL);
	h->begun = r == 0;
	return r;
}

static uint64_t handler_kept(struct backend *b, const char *component)
{
	struct handler *h = handler_of(b);

	return is_ours(h, component) ? 0 : h->inner->ops->kept(h->inner, component);
}

static int handler_clear(struct backend *b, uint64_t size)
{
	struct handler *h = handler_of(b);

	return h->inner ? inner_said(h, h->inner->ops->clear(h->inner, size)) : 0;
}

static int handler_note(struct backend *b, struct span text)
{
	struct handler *h = handler_of(b);

	return h->inner ? inner_said(h, h->inner->ops->note(h->inner, text)) : 0;
}

static int handler_noted(struct backend *b, struct buf *ret)
{
	struct handler *h = handler_of(b);

	return h->inner ? inner_said(h, h->inner->ops->noted(h->inner, ret)) : -ENOENT;
}

/* Starts `write` with the other end of a pipe. */
static int start_write(struct handler *h, const char *component, uint64_t size, int *ret_fd)
{
	const char *const args[] = {"write", component, NULL};
	struct calls_env env;
	struct runner_call c = {.program = PROGRAM_HANDLER, .args = args, .time = RUNNER_WAITS};
	char number[24];
	int ends[2], r;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	calls_env_init(&env, h->backend.plan);
	calls_env_add(&env, "DIRECTORY", h->config->directory);
	(void)snprintf(number, sizeof(number), "%llu", (unsigned long long)size);
	if (size != PROTO_SIZE_ANY)
		calls_env_add(&env, "IMAGE_SIZE", number);
	c.env = env.list;
	c.fd = ends[0];
	r = fcntl(ends[1], F_SETFL, O_NONBLOCK) < 0 ? -errno : runner_start(h->runner, &c);
	(void)close(ends[0]);
	if (r < 0) {
		(void)close(ends[1]);
		return r;
	}
	h->fd = *ret_fd = ends[1];
	return 0;
}

static int handler_open_component(struct backend *b, const char *component, enum backend_how how,
				  uint64_t size, int *ret_fd)
{
	struct handler *h = handler_of(b);

	if (!is_ours(h, component))
		return inner_said(h, h->inner->ops->open(h->inner, component, how, size, ret_fd));
	return how == BACKEND_NEW ? start_write(h, component, size, ret_fd) : -ENOENT;
}

static int handler_sync(struct backend *b, const char *component, int fd, uint64_t octets)
{
	struct handler *h = handler_of(b);

	if (is_ours(h, component) || !h->inner->ops->sync)
		return 0;
	return h->inner->ops->sync(h->inner, component, fd, octets);
}

static int handler_finish(struct backend *b, int *fd)
{
	struct handler *h = handler_of(b);

	if (h->fd < 0 || h->fd != *fd)
		return inner_said(h, h->inner->ops->finish(h->inner, fd));
	(void)close(fd_take(fd)); /* the end of the image */
	h->fd = -1;
	runner_limit(h->runner);
	return calls_wait(h->runner, h->control, b->why);
}

static int handler_commit(struct backend *b, const struct proto_begin *plan, uint32_t attempts)
{
	struct handler *h = handler_of(b);
	char number[16];
	int r;

	(void)snprintf(number, sizeof(number), "%u", attempts);
	r = call(h, "commit", NULL, number);
	if (r < 0)
		return r;
	h->begun = false;
	return h->inner ? inner_said(h, h->inner->ops->commit(h->inner, plan, attempts)) : 0;
}

/* No path, pattern or option, whoever asks. */
static int mark(struct handler *h, const char *verb, const char *slot)
{
	size_t n =
		strspn(slot, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

	return n == 0 || slot[n] || slot[0] == '-' || slot[0] == '.' ? -EPERM
								     : call(h, verb, slot, NULL);
}

static int handler_confirm(struct backend *b, const char *slot)
{
	struct handler *h = handler_of(b);

	return h->inner ? inner_said(h, h->inner->ops->confirm(h->inner, slot))
			: mark(h, "confirm", slot);
}

static int handler_reject(struct backend *b, const char *slot)
{
	struct handler *h = handler_of(b);

	return h->inner ? inner_said(h, h->inner->ops->reject(h->inner, slot))
			: mark(h, "reject", slot);
}

static uint64_t handler_limit(struct backend *b, const char *component)
{
	struct handler *h = handler_of(b);

	return is_ours(h, component) ? PROTO_SIZE_ANY : h->inner->ops->limit(h->inner, component);
}

static void handler_probe(struct backend *b, struct proto_probed *ret)
{
	struct handler *h = handler_of(b);

	if (call(h, "probe", NULL, NULL) < 0)
		probe_add(ret, "handler", "handler", b->why);
	b->why[0] = '\0';
	if (h->inner)
		h->inner->ops->probe(h->inner, ret);
}

static size_t handler_paths(struct backend *b, struct confine_path *ret, size_t max)
{
	struct handler *h = handler_of(b);

	return h->inner ? h->inner->ops->paths(h->inner, ret, max) : 0;
}

static const struct backend_ops HANDLER = {
	.free = handler_free,
	.state = handler_state,
	.lock = handler_lock,
	.choose = handler_choose,
	.kept = handler_kept,
	.clear = handler_clear,
	.note = handler_note,
	.noted = handler_noted,
	.open = handler_open_component,
	.sync = handler_sync,
	.finish = handler_finish,
	.commit = handler_commit,
	.confirm = handler_confirm,
	.reject = handler_reject,
	.limit = handler_limit,
	.probe = handler_probe,
	.paths = handler_paths,
};

static int read_facts(struct handler *h)
{
	h->dir = open(h->config->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (h->dir < 0)
		return -errno;
	return files_load_line(h->config->boot_id_file, h->boot_id, sizeof(h->boot_id));
}

int handler_open(struct backend **ret, const struct handler_config *config, struct backend *inner,
		 struct runner *r, int control)
{
	struct handler *h = calloc(1, sizeof(*h));
	int e;

	if (!h) {
		backend_free(inner);
		return -ENOMEM;
	}
	*h = (struct handler){
		.backend = {.ops = &HANDLER},
		.config = config,
		.inner = inner,
		.runner = r,
		.control = control,
		.dir = -1,
		.fd = -1,
	};
	e = inner ? 0 : read_facts(h);
	if (e < 0) {
		handler_free(&h->backend);
		return e;
	}
	*ret = &h->backend;
	return 0;
}
