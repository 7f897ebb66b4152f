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
#include "child/confine.h"
#include "child/proto.h"
#include "codec/conf.h"
#include "slots.h"

#define CONFIG_FILE "/etc/ocfgw/fw-write.conf"

static const char *const ACTIVATIONS[] = {"immediate", "reboot", NULL};

static bool name_is_valid(struct span name)
{
	if (name.len >= PROTO_LABEL || span_is(name, "os-release") ||
	    span_is(name, "os-release.tmp"))
		return false;
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.ptr[i], l = c | 0x20;
		bool alnum = (c >= '0' && c <= '9') || (l >= 'a' && l <= 'z');

		if (!alnum && (i == 0 || !strchr("._-", c)))
			return false;
	}
	return true;
}

/* Names of files in a slot, which are never anything but that. */
static bool components_are_valid(struct span text)
{
	size_t n = 0;

	while (text.ptr) {
		struct span word = span_cut(&text, ' ');

		if (!name_is_valid(word))
			return false;
		n += word.len > 0;
	}
	return n > 0 && n <= SLOTS_COMPONENTS_MAX;
}

static const struct conf_option OPTIONS[] = {
#define AT(member)   offsetof(struct slots_config, member)
#define ROOM(member) sizeof(((struct slots_config *)0)->member)
	{"Slots",		       "Directory", CONF_TEXT, AT(directory),                            ROOM(directory),                 .max = 0},
	{"Slots",			     "Components",				  CONF_TEXT,   AT(components), ROOM(components),
								       .check = components_are_valid},
	{"Slots", "SizeMaxMiB",            CONF_U32,               AT(size_max_mib),                                           .max = UINT32_MAX                                                      },
	{"Slots",            "Activation",                       CONF_ENUM,                          AT(activation), .words = ACTIVATIONS},
};

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
	CALL(fsync),
	CALL(fallocate),
	CALL(fstatfs),
	CALL(flock),
	CALL(ppoll),
 /* Threads for digests; no new process. */
	{.nr = __NR_clone, .argument = 0, .mask = CLONE_THREAD, .value = CLONE_THREAD},
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
#ifdef __NR_sync_file_range
	CALL(sync_file_range),
#endif
#ifdef __NR_sync_file_range2
	CALL(sync_file_range2),
#endif
#ifdef __NR_fstatfs64
	CALL(fstatfs64),
#endif
};

static int confine(const char *directory)
{
	const struct confine_path slots = {directory, CONFINE_WRITE};
	int r = confine_files(&slots, 1);

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

static void log_done(const char *what, const struct proto_done *d)
{
	if (d->error == FWE_OK)
		log_info("write: %s octets=%llu", what, (unsigned long long)d->octets);
	else
		log_warning("write: %s refused error=%s octets=%llu: %s", what,
			    fw_error_name(d->error), (unsigned long long)d->octets, d->text);
}

/* -EBADMSG: not a message for us. */
static int handle(struct slots *s, const struct proto_msg *m, int fd, struct proto_msg *ret)
{
	ret->type = PROTO_DONE;
	if (m->type == PROTO_SLOTS) {
		ret->type = PROTO_SLOTS_ARE;
		slots_state(s, &ret->slots_are);
	} else if (m->type == PROTO_BEGIN) {
		slots_begin(s, &m->begin, &ret->done);
		log_done("begin", &ret->done);
	} else if (m->type == PROTO_IMAGE) {
		slots_image(s, &m->image, fd, progress, &ret->done);
		log_done("image", &ret->done);
	} else if (m->type == PROTO_STAGED) {
		slots_staged(s, &m->image, progress, &ret->done);
		log_done("staged image", &ret->done);
	} else if (m->type == PROTO_COMMIT) {
		slots_commit(s, &ret->done);
		log_done("commit", &ret->done);
	} else {
		return -EBADMSG;
	}
	return 0;
}

static int serve(struct slots *s)
{
	static struct proto_msg m, answer;
	int r;

	for (;;) {
		CLEANUP(closep) int fd = -1;

		r = proto_recv(PROTO_FD, &m, &fd, true);
		if (r <= 0)
			return r;
		r = handle(s, &m, fd, &answer);
		explicit_bzero(&m, sizeof(m)); /* an image may have come with its key */
		if (r == 0)
			r = proto_send(PROTO_FD, &answer, -1);
		if (r < 0)
			return r == -EPIPE ? 0 : r;
	}
}

static int run(const char *config_file)
{
	struct slots_config config = {.directory = "/var/lib/ocfgw/slots",
				      .components = "firmware",
				      .activation = SLOTS_IMMEDIATE};
	CLEANUP(slots_freep) struct slots *s = NULL;
	char error[256];
	int r = conf_load(config_file, OPTIONS, ARRAY_SIZE(OPTIONS), &config, error, sizeof(error));

	if (r < 0 && r != -ENOENT) {
		log_error("write: %s", r == -EINVAL ? error : strerror(-r));
		return r;
	}
	r = slots_open(&s, &config, PROTO_FD);
	if (r < 0) {
		log_error("write: %s: %s", config.directory, strerror(-r));
		return r;
	}
	r = confine(config.directory);
	if (r == 0)
		r = serve(s);
	if (r < 0)
		log_error("write: %s", strerror(-r));
	return r;
}

int main(int argc, char **argv)
{
	struct stat st;

	if (argc > 2 || fstat(PROTO_FD, &st) < 0 || !S_ISSOCK(st.st_mode)) {
		(void)fputs("ocf-fw-write is started by ocf-fwupd, not by hand\n", stderr);
		return EXIT_FAILURE;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	(void)umask(022);
	return run(argc == 2 ? argv[1] : CONFIG_FILE) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
