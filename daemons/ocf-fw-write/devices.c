#include "devices.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

static size_t count_words(const char *text)
{
	struct span rest = span_str(text), word;
	size_t n = 0;

	while (span_word(&rest, &word))
		n++;
	return n;
}

static const char *parse_slot(struct devices *d, int slot, const char *components, const char *text)
{
	struct span rest = span_str(text), path;
	size_t n = 0;

	while (span_word(&rest, &path)) {
		struct span name = span_cut(&path, ':');
		struct device *to = &d->slot[slot][n];

		if (n == DEVICES_MAX)
			return "too many devices";
		if (!span_has_word(span_str(components), name))
			return "a device for something that is not in Components=";
		if (span_to_str(name, to->component, sizeof(to->component)) < 0 ||
		    !span_starts(path, "/") || span_to_str(path, to->path, sizeof(to->path)) < 0)
			return "not component:/path";
		if (devices_find(d, slot, to->component))
			return "a component twice";
		d->n = ++n;
	}
	return n == count_words(components) ? NULL : "a component without a device";
}

bool devices_parse(struct devices *ret, const char *components, const char *const texts[BOOT_SLOTS],
		   const char **ret_why)
{
	const char *why = NULL;

	*ret = (struct devices){0};
	for (int slot = 0; slot < BOOT_SLOTS && !why; slot++) {
		ret->n = 0;
		why = parse_slot(ret, slot, components, texts[slot]);
	}
	for (size_t i = 0; i < ret->n && !why; i++)
		for (size_t j = 0; j < ret->n; j++)
			if (strcmp(ret->slot[0][i].path, ret->slot[1][j].path) == 0)
				why = "a device in both slots";
	*ret_why = why;
	return !why;
}

const struct device *devices_find(const struct devices *d, int slot, const char *component)
{
	for (size_t i = 0; i < d->n; i++)
		if (strcmp(d->slot[slot][i].component, component) == 0)
			return &d->slot[slot][i];
	return NULL;
}

/* The last word NAME=value. */
static struct span option(struct span line, const char *name)
{
	struct span found = {0};

	while (line.ptr) {
		struct span value = span_cut(&line, ' '), key;

		if (value.len > 0 && value.ptr[value.len - 1] == '\n')
			value.len--;
		key = span_cut(&value, '=');
		if (value.ptr && span_is(key, name))
			found = value;
	}
	return found;
}

/* The device that root= means, as mount(8) spells it. */
static bool root_device(struct span root, dev_t *ret)
{
	static const struct {
		const char *prefix, *folder;
	} FORMS[] = {
		{"PARTUUID=",  "/dev/disk/by-partuuid/" },
		{"PARTLABEL=", "/dev/disk/by-partlabel/"},
		{"UUID=",      "/dev/disk/by-uuid/"     },
		{"LABEL=",     "/dev/disk/by-label/"    },
		{"/dev/",      "/dev/"                  },
	};
	char path[DEVICES_PATH_MAX], name[DEVICES_PATH_MAX];
	struct stat st;

	for (size_t i = 0; i < ARRAY_SIZE(FORMS); i++) {
		int n;

		if (!span_starts(root, FORMS[i].prefix))
			continue;
		if (span_to_str(span_skip(root, strlen(FORMS[i].prefix)), name, sizeof(name)) < 0)
			return false;
		n = snprintf(path, sizeof(path), "%s%s", FORMS[i].folder, name);
		if (n < 0 || (size_t)n >= sizeof(path) || stat(path, &st) < 0 ||
		    !S_ISBLK(st.st_mode))
			return false;
		*ret = st.st_rdev;
		return true;
	}
	return false;
}

/* Which block device it is; 0: none. */
static dev_t number_of(const struct device *d)
{
	struct stat st;

	return stat(d->path, &st) == 0 && S_ISBLK(st.st_mode) ? st.st_rdev : 0;
}

/* Another place than `self` with that device. */
static const struct device *place_of(const struct devices *d, int slot, dev_t number,
				     const struct device *self)
{
	for (size_t i = 0; i < d->n; i++)
		if (&d->slot[slot][i] != self && number_of(&d->slot[slot][i]) == number)
			return &d->slot[slot][i];
	return NULL;
}

static bool has_twin(const struct devices *all, const struct device *d, dev_t number)
{
	return place_of(all, 0, number, d) || place_of(all, 1, number, d);
}

const struct device *devices_twin(const struct devices *d, int slot)
{
	for (size_t i = 0; i < d->n; i++) {
		dev_t number = number_of(&d->slot[slot][i]);

		if (number != 0 && has_twin(d, &d->slot[slot][i], number))
			return &d->slot[slot][i];
	}
	return NULL;
}

int devices_booted(const struct devices *d, struct span command_line, const struct bootenv *names)
{
	static const char *const OPTIONS[] = {"ocfgw.slot", "rauc.slot"};
	static const char *const OURS[] = {"a", "b"};
	dev_t root;

	for (size_t i = 0; i < ARRAY_SIZE(OPTIONS); i++) {
		struct span name = option(command_line, OPTIONS[i]);

		for (int slot = 0; slot < BOOT_SLOTS && name.len > 0; slot++)
			if (span_is(name, names->names[slot]) || span_is(name, OURS[slot]))
				return slot;
		if (name.len > 0)
			return BOOT_NO_SLOT; /* another system: say, for rescue */
	}
	if (!root_device(option(command_line, "root"), &root))
		return BOOT_NO_SLOT;
	for (int slot = 0; slot < BOOT_SLOTS; slot++)
		if (place_of(d, slot, root, NULL))
			return slot;
	return BOOT_NO_SLOT;
}

uint64_t devices_size(const struct device *d)
{
	CLEANUP(closep) int fd = open(d->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	off_t size = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);

	return size < 0 ? 0 : (uint64_t)size;
}

int devices_open(const struct devices *all, const struct device *d, bool write, uint64_t size,
		 int *ret_fd)
{
	CLEANUP(closep)
	int fd = open(d->path, (write ? O_RDWR | O_EXCL : O_RDONLY) | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	off_t room;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISBLK(st.st_mode))
		return -ENOTBLK;
	if (write && has_twin(all, d, st.st_rdev))
		return -EEXIST;
	room = lseek(fd, 0,
		     SEEK_END); /* its size; no ioctl that a filter would have to let through */
	if (room < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	if (size != PROTO_SIZE_ANY && size > (uint64_t)room)
		return -EFBIG;
	*ret_fd = fd_take(&fd);
	return 0;
}
