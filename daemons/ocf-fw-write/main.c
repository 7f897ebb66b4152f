/* ocf-fw-write - the only program that opens slots; it speaks no network, JSON or D-Bus.
 *
 * Started with a connection to ocf-fwupd (lib/child/proto.h) as descriptor 3: by systemd, one
 * instance a connection, or by lib/child. It decides by itself whether an image is what was
 * signed: the digests come from ocf-fwupd, the octets from a pipe that it reads to the end, so
 * that nothing the fetching program says has a part in it. */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/log.h"
#include "boot_custom.h"
#include "boot_grub.h"
#include "boot_uboot.h"
#include "check.h"
#include "child/child.h"
#include "child/confine.h"
#include "child/proto.h"
#include "config.h"
#include "probe.h"
#include "programs.h"

#define CONFIG_FILE "/etc/ocfgw/fw-write.conf"

#define CALL(name)                                                                                 \
	{                                                                                          \
		.nr = __NR_##name                                                                  \
	}

static const struct confine_call CALLS[] = {
	CALL(openat),
	CALL(getdents64),
	CALL(readlinkat),
	CALL(symlinkat),
	CALL(unlinkat),
	CALL(fadvise64),
	CALL(fdatasync),
	CALL(fsync),
	CALL(ftruncate),
	CALL(fallocate),
	CALL(fstatfs),
	CALL(flock),
	CALL(memfd_create),
	CALL(pipe2),
	CALL(pread64),
	CALL(pwrite64),
	CALL(ppoll),
 /* Threads for digests; no new process. */
	{.nr = __NR_clone,
	 .argument = CONFINE_CLONE_FLAGS,
	 .mask = CLONE_THREAD,
	 .value = CLONE_THREAD},
	CALL(set_robust_list),
#ifdef __NR_rseq
	CALL(rseq),
#endif
#ifdef __NR_poll
	CALL(poll),
#endif
#ifdef __NR_ppoll_time64
	CALL(ppoll_time64),
#endif
#ifdef __NR_renameat
	CALL(renameat),
#endif
#ifdef __NR_renameat2
	CALL(renameat2),
#endif
#ifdef __NR_fstatfs64
	CALL(fstatfs64),
#endif
#ifdef __NR_ftruncate64
	CALL(ftruncate64),
#endif
};

static int confine(struct backend *b)
{
	struct confine_path paths[BACKEND_PATHS_MAX];
	int r = confine_files(paths, b->ops->paths(b, paths, ARRAY_SIZE(paths)));

	if (r == -EOPNOTSUPP)
		log_warning("write: this kernel has no Landlock: files are kept away by user only");
	else if (r < 0)
		return r;
	r = confine_calls(CALLS, ARRAY_SIZE(CALLS));
	if (r == -EOPNOTSUPP)
		log_warning("write: this kernel has no seccomp filter");
	return r == -EOPNOTSUPP ? 0 : r;
}

static void progress(uint64_t octets)
{
	const struct proto_msg m = {.type = PROTO_WRITTEN, .written.octets = octets};

	(void)!proto_send(PROTO_FD, &m,
			  -1); /* the answer at the end tells whether anybody listens */
}

static void kept(uint64_t octets)
{
	const struct proto_msg m = {.type = PROTO_KEPT, .kept.octets = octets};

	log_info("write: image goes on octets=%llu", (unsigned long long)octets);
	(void)!proto_send(PROTO_FD, &m, -1);
}

/* A program takes its time: a sign of life. */
static void waiting(void)
{
	progress(0);
}

static int ranges(uint32_t n, int fd)
{
	const struct proto_msg m = {.type = PROTO_RANGES, .ranges.n = n};

	return proto_send(PROTO_FD, &m, fd);
}

static const struct install_tell TELL = {progress, kept, ranges};

static void log_done(const char *what, const struct proto_done *d)
{
	if (d->error == FWE_OK)
		log_info("write: %s octets=%llu", what, (unsigned long long)d->octets);
	else
		log_warning("write: %s refused error=%s octets=%llu: %s", what,
			    fw_error_name(d->error), (unsigned long long)d->octets, d->text);
}

struct writer {
	struct config config;
	struct runner_program programs[PROGRAMS];
	struct runner *runner; /* NULL: no programs are configured */
	struct boot *boot;
	struct backend *backend;
	struct install *install;
};

/* Says first what of the image is missing, if the rest is to be used again. */
static int take_image(struct writer *w, const struct proto_image *i, int pipe,
		      struct proto_done *ret)
{
	CLEANUP(closep) int fd = -1;
	uint32_t n = 0;
	int r = 0;

	if (i->reuse && !i->resume) {
		r = install_ranges(w->install, i, &n, &fd);
		if (r == 0)
			r = ranges(n, fd);
	}
	if (r == 0)
		install_image(w->install, i, pipe, &TELL, ret);
	return r;
}

/* -EBADMSG: not a message for us. */
static int handle(struct writer *w, const struct proto_msg *m, int fd, struct proto_msg *ret)
{
	ret->type = PROTO_DONE;
	if (m->type == PROTO_SLOTS) {
		ret->type = PROTO_SLOTS_ARE;
		w->backend->ops->state(w->backend, &ret->slots_are);
	} else if (m->type == PROTO_PROBE) {
		ret->type = PROTO_PROBED;
		probe_all(&w->config.install, w->backend, w->runner, &m->probe, &ret->probed);
	} else if (m->type == PROTO_BEGIN) {
		install_begin(w->install, &m->begin, &ret->done);
		log_done("begin", &ret->done);
	} else if (m->type == PROTO_VERIFY) {
		check_image(&m->image, fd, PROTO_FD, progress, &ret->done);
		log_done("verify", &ret->done);
	} else if (m->type == PROTO_IMAGE) {
		int r = take_image(w, &m->image, fd, &ret->done);

		if (r < 0)
			return r;
		log_done("image", &ret->done);
	} else if (m->type == PROTO_CHUNKS) {
		install_chunks(w->install, &m->chunks, fd, progress, &ret->done);
		log_done("chunk index", &ret->done);
	} else if (m->type == PROTO_COMMIT) {
		install_commit(w->install, m->commit.attempts, &ret->done);
		log_done("commit", &ret->done);
	} else if (m->type == PROTO_CONFIRM) {
		install_confirm(w->install, m->slot.slot, &ret->done);
		log_done("confirm", &ret->done);
	} else if (m->type == PROTO_REJECT) {
		install_reject(w->install, m->slot.slot, &ret->done);
		log_done("reject", &ret->done);
	} else {
		return -EBADMSG;
	}
	return 0;
}

static int serve(struct writer *w)
{
	static struct proto_msg m, answer;
	int r;

	for (;;) {
		CLEANUP(closep) int fd = -1;

		r = proto_recv(PROTO_FD, &m, &fd, true);
		if (r <= 0)
			return r;
		r = handle(w, &m, fd, &answer);
		explicit_bzero(&m, sizeof(m)); /* an image may have come with its key */
		if (r == 0)
			r = proto_send(PROTO_FD, &answer, -1);
		if (r < 0)
			return r == -EPIPE ? 0 : r;
	}
}

static void writer_done(struct writer *w)
{
	w->install = install_free(w->install);
	w->backend = backend_free(w->backend);
	w->boot = boot_free(w->boot);
	w->runner = runner_free(w->runner);
}

static int open_boot(struct writer *w)
{
	const struct boot_config *c = &w->config.boot;
	const struct bootenv *env = &w->config.block.env;

	if (c->type == BOOT_GRUB)
		return boot_grub_new(&w->boot, env, c->grubenv);
	if (c->type == BOOT_CUSTOM)
		return boot_custom_new(&w->boot, env, c->script_tries, w->runner,
				       PROGRAM_BOOT_SCRIPT);
	return boot_uboot_new(&w->boot, env, w->runner, PROGRAM_PRINTENV, PROGRAM_SETENV);
}

static int open_backend(struct writer *w)
{
	const struct config *c = &w->config;
	struct backend *inner = NULL;
	int r = 0;

	if (c->type == CONFIG_BLOCK)
		r = block_open(&inner, &c->block, w->boot);
	else if (c->type == CONFIG_FOLDER)
		r = slots_open(&inner, &c->slots);
	if (r == 0 && c->handler[0])
		return handler_open(&w->backend, &c->handled, inner, w->runner, PROTO_FD);
	w->backend = inner;
	return r == 0 && !inner ? -EINVAL : r; /* a handler that is not named */
}

/* Everything that needs more than the walls leave. ret_what: what it could not open. */
static int open_all(struct writer *w, const char **ret_what)
{
	int r = 0;

	/* A rescue system without users starts us as root; what we leave there is the owner's. */
	*ret_what = w->config.slots.directory;
	if (w->config.type == CONFIG_FOLDER)
		r = child_become_owner(w->config.slots.directory);
	if (r < 0)
		return r;
	*ret_what = "programs";
	if (programs_fill(w->programs, &w->config))
		r = runner_new(&w->runner, w->programs, PROGRAMS);
	if (w->runner)
		runner_on_wait(w->runner, waiting);
	if (r == 0 && w->config.type == CONFIG_BLOCK) {
		*ret_what = "boot loader";
		r = open_boot(w);
	}
	if (r < 0)
		return r;
	*ret_what = w->config.slots.directory;
	r = open_backend(w);
	if (r < 0)
		return r;
	*ret_what = "memory";
	return install_new(&w->install, &w->config.install, w->backend, w->runner, PROTO_FD);
}

/* The first look after a boot, which takes an attempt of what is on trial: early, so that a version
 * whose services never come up has its end, too. */
static int look(struct writer *w)
{
	struct proto_slots_are s;

	w->backend->ops->state(w->backend, &s);
	log_info("write: boot slot=%s version=%s next=%s attempts=%u", s.slot, s.running, s.primary,
		 s.left);
	return s.error == FWE_OK ? 0 : -EIO;
}

static int run(const char *config_file, int (*work)(struct writer *w))
{
	CLEANUP(writer_done) struct writer w = {0};
	const char *what;
	char error[256];
	int r = config_load(config_file, &w.config, error, sizeof(error));

	if (r < 0) {
		log_error("write: %s", error);
		return r;
	}
	r = open_all(&w, &what);
	if (r < 0) {
		log_error("write: %s: %s", what, strerror(-r));
		return r;
	}
	r = confine(w.backend);
	if (r == 0)
		r = work(&w);
	if (r < 0)
		log_error("write: %s", strerror(-r));
	return r;
}

int main(int argc, char **argv)
{
	bool boot = argc > 1 && !strcmp(argv[1], "--boot");
	struct stat st;

	(void)umask(022);
	if (boot && argc <= 3)
		return run(argc == 3 ? argv[2] : CONFIG_FILE, look) < 0 ? EXIT_FAILURE
									: EXIT_SUCCESS;
	if (argc > 2 || fstat(PROTO_FD, &st) < 0 || !S_ISSOCK(st.st_mode)) {
		(void)fputs("ocf-fw-write is started by ocf-fwupd, not by hand\n", stderr);
		return EXIT_FAILURE;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	return run(argc == 2 ? argv[1] : CONFIG_FILE, serve) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
