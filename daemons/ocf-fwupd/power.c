#include "power.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/parse.h"

#define SUPPLIES_MAX 64 /* entries that are looked at */

DEFINE_CLEANUP(DIR *, closedir)

/* The only line of a file; empty if there is none. */
static struct span read_line(int dir, const char *supply, const char *name, char room[64])
{
	char path[NAME_MAX + 16];
	CLEANUP(closep) int fd = -1;
	struct span line;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "%s/%s", supply, name);
	fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	n = fd < 0 ? -1 : read(fd, room, 64);
	line = span_of(room, n > 0 ? (size_t)n : 0);
	return span_cut(&line, '\n');
}

struct found {
	bool mains, battery;
	uint32_t least; /* percent */
};

static void look_at(int dir, const char *name, struct found *f)
{
	char room[64];
	uint32_t percent = 0;

	if (span_is(read_line(dir, name, "scope", room), "Device"))
		return;
	if (!span_is(read_line(dir, name, "type", room), "Battery")) {
		f->mains |= span_is(read_line(dir, name, "online", room), "1");
		return;
	}
	if (span_is(read_line(dir, name, "present", room), "0"))
		return;
	(void)!parse_u32(read_line(dir, name, "capacity", room), &percent);
	if (!f->battery || percent < f->least)
		f->least = percent;
	f->battery = true;
}

bool power_is_enough(const char *dir, uint32_t percent, char *ret_why, size_t room)
{
	CLEANUP(closedirp) DIR *d = opendir(dir);
	const struct dirent *e;
	struct found f = {0};

	for (unsigned i = 0; d && i < SUPPLIES_MAX && (e = readdir(d)); i++)
		if (e->d_name[0] != '.')
			look_at(dirfd(d), e->d_name, &f);
	if (f.mains || !f.battery || f.least >= percent)
		return true;
	(void)snprintf(ret_why, room, "the battery is at %u %%, %u %% are needed", f.least,
		       percent);
	return false;
}
