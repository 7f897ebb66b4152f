/* ocf-fw-rauc - a handler of ocf-fw-write (docs/integration/handlers.md) that has RAUC install.
 *
 * The image is a bundle. It is kept as a file until commit, when all of it was verified by the
 * manifest; then RAUC checks it once more by its own keys, installs it, and chooses the slot. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "bus/rauc.h"
#include "fw/release.h"

#define IMAGE_FD 3
#define BUNDLE   "bundle.raucb"
#define RELEASE  "/etc/os-release"

/* Exit statuses of handlers. */
enum status {
	STATUS_DONE = 0,
	STATUS_FAILED = 1,
	STATUS_NO_SPACE = 2,
	STATUS_DEFERRED = 5,
};

static enum status fail(int e, const char *text)
{
	(void)fprintf(stderr, "%s\n", text);
	/* RAUC that does not answer may be at work. */
	return e == -EBUSY || e == -ETIMEDOUT ? STATUS_DEFERRED
	       : e == -ENOSPC || e == -EDQUOT ? STATUS_NO_SPACE
					      : STATUS_FAILED;
}

static enum status fail_errno(const char *what)
{
	int e = -errno;
	char text[RAUC_TEXT];

	(void)snprintf(text, sizeof(text), "%s: %s", what, strerror(-e));
	return fail(e, text);
}

/* The folder that ocf-fw-write names is where we may write. */
static bool bundle_path(char *ret, size_t room)
{
	const char *directory = getenv("OCFGW_DIRECTORY");
	int n = snprintf(ret, room, "%s/%s", directory ? directory : "", BUNDLE);

	return directory && n > 0 && (size_t)n < room;
}

/* ---- verbs ---- */

static void print_running(const struct rauc_slot *s)
{
	char text[FW_VERSION_TEXT + 1], release[4096];
	struct fw_version v;
	size_t n = 0;
	FILE *f;

	if (fw_version_parse(span_str(s->version), &v)) {
		(void)printf("running=%s\n", s->version);
		return;
	}
	/* Installed in the factory: the system itself knows. */
	f = fopen(RELEASE, "re");
	if (f) {
		n = fread(release, 1, sizeof(release), f);
		(void)fclose(f);
	}
	if (!release_version(span_of(release, n), &v))
		return;
	fw_version_format(&v, text);
	(void)printf("running=%s\n", text);
}

static enum status verb_state(struct rauc *r)
{
	struct rauc_state state = {0};
	char error[RAUC_TEXT];
	int e = rauc_idle(r, error); /* what is next is not known before */

	if (e == 0)
		e = rauc_read(r, &state, error);
	if (e < 0)
		return fail(e, error);
	for (size_t i = 0; i < state.n; i++) {
		const struct rauc_slot *s = &state.slots[i];

		if (!s->bootname[0])
			continue;
		if (s->booted) {
			(void)printf("slot=%s\n", s->bootname);
			print_running(s);
		}
		if (strcmp(s->name, state.primary) == 0) {
			(void)printf("primary=%s\n", s->bootname);
			if (!s->booted && s->version[0])
				(void)printf("pending=%s\n", s->version);
		}
	}
	return STATUS_DONE;
}

static enum status verb_begin(struct rauc *r)
{
	char error[RAUC_TEXT], path[4096];
	int e = rauc_idle(r, error);

	if (e < 0)
		return fail(e, error);
	if (!bundle_path(path, sizeof(path)))
		return fail(-EINVAL, "OCFGW_DIRECTORY= is not set");
	return unlink(path) < 0 && errno != ENOENT ? fail_errno(path) : STATUS_DONE;
}

static enum status verb_write(void)
{
	CLEANUP(closep) int fd = -1;
	char path[4096], piece[65536];
	ssize_t n;

	if (!bundle_path(path, sizeof(path)))
		return fail(-EINVAL, "OCFGW_DIRECTORY= is not set");
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return fail_errno(path);
	while ((n = read(IMAGE_FD, piece, sizeof(piece))) > 0)
		for (ssize_t done = 0; done < n;) {
			ssize_t more = write(fd, piece + done, (size_t)(n - done));

			if (more < 0)
				return fail_errno(path);
			done += more;
		}
	return n < 0 || fsync(fd) < 0 ? fail_errno(path) : STATUS_DONE;
}

static enum status verb_abort(void)
{
	char path[4096];

	if (bundle_path(path, sizeof(path)))
		(void)unlink(path);
	return STATUS_DONE;
}

/* Lines are signs of life: commit has time as long as they come. */
static void progress(int percent, const char *what)
{
	static int last = -1;

	if (percent > last)
		(void)fprintf(stderr, "%d %% %s\n", percent, what);
	else
		(void)fputc('\n', stderr);
	last = percent;
}

static enum status verb_commit(struct rauc *r)
{
	const char *transaction = getenv("OCFGW_TRANSACTION");
	char error[RAUC_TEXT], path[4096];
	int e;

	if (!bundle_path(path, sizeof(path)))
		return fail(-EINVAL, "OCFGW_DIRECTORY= is not set");
	e = rauc_install(r, path, transaction ? transaction : "", progress, error);
	(void)unlink(path);
	return e < 0 ? fail(e, error) : STATUS_DONE;
}

/* RAUC's own name of the slot that the loader calls so. */
static enum status mark(struct rauc *r, const char *as, const char *bootname)
{
	struct rauc_state state;
	char error[RAUC_TEXT] = "no such slot";
	int e = rauc_read(r, &state, error);

	for (size_t i = 0; e == 0 && i < state.n; i++) {
		if (strcmp(state.slots[i].bootname, bootname) != 0)
			continue;
		e = rauc_mark(r, as, state.slots[i].name, error);
		return e < 0 ? fail(e, error) : STATUS_DONE;
	}
	return fail(-ENOENT, error);
}

static enum status verb_probe(struct rauc *r)
{
	char error[RAUC_TEXT];
	int e = rauc_idle(r, error);

	return e < 0 ? fail(e, error) : STATUS_DONE;
}

static enum status run(const char *verb, const char *word)
{
	static const struct {
		const char *name;
		enum status (*call)(struct rauc *r);
	} VERBS[] = {
		{"state",  verb_state },
		{"probe",  verb_probe },
		{"begin",  verb_begin },
		{"commit", verb_commit},
	};
	CLEANUP(rauc_freep) struct rauc *r = NULL;

	if (strcmp(verb, "write") == 0)
		return verb_write();
	if (strcmp(verb, "abort") == 0)
		return verb_abort();
	if (rauc_new(&r) < 0)
		return fail(-ENOTCONN, "no system bus");
	for (size_t i = 0; i < ARRAY_SIZE(VERBS); i++)
		if (strcmp(verb, VERBS[i].name) == 0)
			return VERBS[i].call(r);
	if (strcmp(verb, "confirm") == 0)
		return mark(r, "good", word);
	if (strcmp(verb, "reject") == 0)
		return mark(r, "bad", word);
	return fail(-EINVAL, "ocf-fw-rauc is run by ocf-fw-write, not by hand");
}

int main(int argc, char **argv)
{
	return (int)run(argc > 1 ? argv[1] : "", argc > 2 ? argv[2] : "");
}
