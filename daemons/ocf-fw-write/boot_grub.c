#include "boot_grub.h"

#include <fcntl.h>
#include <stdio.h>

#include "grubenv.h"

struct grub {
	struct boot boot; /* the first member */
	const struct bootenv *env;
	int fd;
	uint8_t block[GRUBENV_SIZE];
};

static struct grub *grub_of(struct boot *b)
{
	return (struct grub *)(void *)b;
}

static void grub_free(struct boot *b)
{
	struct grub *g = grub_of(b);

	closep(&g->fd);
	free(g);
}

static int fail(struct boot *b, int r, const char *what)
{
	(void)snprintf(b->why, sizeof(b->why), "GRUB's environment block: %s", what);
	return r;
}

static int grub_read(struct boot *b, struct boot_vars *ret)
{
	struct grub *g = grub_of(b);
	struct span lines;
	ssize_t n = pread(g->fd, g->block, sizeof(g->block), 0);

	if (n < 0)
		return fail(b, -errno, strerror(errno));
	if (!grubenv_lines(span_of(g->block, (size_t)n), &lines))
		return fail(b, -EBADMSG, "is none");
	bootenv_read(g->env, lines, ret);
	return 0;
}

static int grub_write(struct boot *b, const struct boot_plan *p)
{
	struct grub *g = grub_of(b);
	struct bootenv_change c;
	uint8_t block[GRUBENV_SIZE] = {0};
	struct span lines;
	int r = -EBADMSG;

	if (grubenv_lines(span_of(g->block, sizeof(g->block)), &lines))
		r = bootenv_plan(g->env, lines, p, &c);
	if (r == 0)
		r = grubenv_set(span_of(g->block, sizeof(g->block)), &c, block);
	if (r < 0)
		return fail(b, r, "no room for our variables");
	if (memcmp(block, g->block, sizeof(block)) == 0)
		return 0;
	if (pwrite(g->fd, block, sizeof(block), 0) != (ssize_t)sizeof(block) || fsync(g->fd) < 0)
		return fail(b, errno ? -errno : -EIO, "cannot be written");
	memcpy(g->block, block, sizeof(block));
	return 0;
}

static const struct boot_ops GRUB = {
	.free = grub_free,
	.read = grub_read,
	.write = grub_write,
};

int boot_grub_new(struct boot **ret, const struct bootenv *env, const char *file)
{
	struct grub *g = calloc(1, sizeof(*g));

	if (!g)
		return -ENOMEM;
	*g = (struct grub){.boot = {.ops = &GRUB}, .env = env};
	g->fd = open(file, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (g->fd < 0) {
		int r = -errno;

		free(g);
		return r;
	}
	*ret = &g->boot;
	return 0;
}
