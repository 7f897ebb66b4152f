#include "folders.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "bus/loop.h"

#define GONE (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED)
#define EVENTS                                                                                     \
	(IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE_SELF |   \
	 IN_MOVE_SELF | IN_ONLYDIR)
#define RACES_MAX 8 /* folders that appear while we look for them */

/* What is watched for a path: itself if it is a folder, else the nearest folder above it. */
struct folder {
	int wd;                  /* 0 or less: nothing */
	char name[NAME_MAX + 1]; /* what counts in there; empty: everything */
};

struct folders {
	struct loop *loop;
	int fd;
	void (*fn)(void *arg);
	void *arg;
	const char *const *paths;
	size_t n;
	struct folder at[2 * FOLDERS_MAX]; /* of the path, and of what it leads to */
};

static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Cuts `path` up to a folder that is there; what was cut last goes into `name`. */
static void go_up(char *path, char name[NAME_MAX + 1])
{
	name[0] = '\0';
	while (!is_folder(path)) {
		char *slash = strrchr(path, '/');

		if (!slash)
			return;
		(void)snprintf(name, NAME_MAX + 1, "%s", slash + 1);
		slash[slash == path] = '\0'; /* "/" stays */
	}
}

static void arm(struct folders *f, struct folder *to, const char *path)
{
	char above[PATH_MAX], before[PATH_MAX] = "";

	for (int i = 0; i < RACES_MAX; i++) {
		(void)snprintf(above, sizeof(above), "%s", path);
		go_up(above, to->name);
		if (!strcmp(above, before))
			return;
		to->wd = inotify_add_watch(f->fd, above, EVENTS);
		memcpy(before, above, sizeof(before));
	}
}

static bool is_watched(const struct folders *f, int wd)
{
	for (size_t i = 0; i < ARRAY_SIZE(f->at); i++)
		if (f->at[i].wd == wd)
			return true;
	return false;
}

static void arm_all(struct folders *f)
{
	struct folder before[ARRAY_SIZE(f->at)];
	char real[PATH_MAX];

	memcpy(before, f->at, sizeof(before));
	for (size_t i = 0; i < f->n; i++) {
		arm(f, &f->at[2 * i], f->paths[i]);
		f->at[2 * i + 1].wd = -1;
		if (realpath(f->paths[i], real) && strcmp(real, f->paths[i]) != 0)
			arm(f, &f->at[2 * i + 1], real);
	}
	for (size_t i = 0; i < ARRAY_SIZE(before); i++)
		if (before[i].wd > 0 && !is_watched(f, before[i].wd))
			(void)inotify_rm_watch(f->fd, before[i].wd);
}

/* Whether it is news; *ret_moved: what is to be watched may be another folder now. */
static bool concerns(const struct folders *f, const struct inotify_event *e, bool *ret_moved)
{
	bool news = (e->mask & IN_Q_OVERFLOW) != 0;

	for (size_t i = 0; i < 2 * f->n; i++) {
		const struct folder *at = &f->at[i];
		bool gone = (e->mask & GONE) != 0;

		if (at->wd != e->wd ||
		    (!gone && at->name[0] && (e->len == 0 || strcmp(at->name, e->name) != 0)))
			continue;
		news = true;
		*ret_moved = *ret_moved || gone || at->name[0];
	}
	return news;
}

static int on_ready(void *arg, uint32_t revents)
{
	_Alignas(struct inotify_event) char room[4096];
	struct folders *f = arg;
	bool news = false, moved = false;
	ssize_t n;

	(void)revents;
	while ((n = read(f->fd, room, sizeof(room))) > 0)
		for (const char *at = room; at < room + n;) {
			const struct inotify_event *e = (const void *)at;

			news = concerns(f, e, &moved) || news;
			at += sizeof(*e) + e->len;
		}
	if (moved)
		arm_all(f);
	if (news)
		f->fn(f->arg);
	return 0;
}

int folders_new(struct folders **ret, struct loop *loop, const char *const *paths, size_t n,
		void (*fn)(void *arg), void *arg)
{
	CLEANUP(folders_freep) struct folders *f = calloc(1, sizeof(*f));
	int r;

	if (!f)
		return -ENOMEM;
	*f = (struct folders){.loop = loop, .fd = -1, .fn = fn, .arg = arg, .paths = paths, .n = n};
	if (n > FOLDERS_MAX)
		return -E2BIG;
	f->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (f->fd < 0)
		return -errno;
	r = loop_add_fd(loop, f->fd, EPOLLIN, on_ready, f);
	if (r < 0)
		return r;
	arm_all(f);
	*ret = f;
	f = NULL;
	return 0;
}

struct folders *folders_free(struct folders *f)
{
	if (!f)
		return NULL;
	if (f->fd >= 0)
		loop_del_fd(f->loop, f->fd);
	closep(&f->fd);
	free(f);
	return NULL;
}
