#include "boot_uboot.h"

struct uboot {
	struct boot boot; /* the first member */
	const struct bootenv *env;
	struct runner *runner;
	size_t print, set;
	struct runner_result result; /* of the last program */
};

static struct uboot *uboot_of(struct boot *b)
{
	return (struct uboot *)(void *)b;
}

static void uboot_free(struct boot *b)
{
	free(uboot_of(b));
}

static int run(struct uboot *u, const struct runner_call *c)
{
	int r = runner_run(u->runner, c, -1, &u->result);

	if (r < 0)
		proto_text(u->boot.why, sizeof(u->boot.why), u->result.text);
	return r;
}

static int print(struct uboot *u)
{
	return run(u, &(struct runner_call){
			      .program = u->print,
			      .args = bootenv_names(u->env),
			      .fd = -1,
		      });
}

static int uboot_read(struct boot *b, struct boot_vars *ret)
{
	struct uboot *u = uboot_of(b);
	int r = print(u);

	/* U-Boot's own fw_printenv fails if one of them is not set, and prints the others. */
	if (r < 0 && (r != -EREMOTEIO || u->result.len == 0))
		return r;
	if (u->result.len == 0) {
		proto_text(b->why, sizeof(b->why), "no boot loader environment");
		return -ENODATA;
	}
	bootenv_read(u->env, span_of(u->result.output, u->result.len), ret);
	return 0;
}

/* The variables as they were read: it is the last program that ran. */
static int uboot_write(struct boot *b, const struct boot_plan *p)
{
	CLEANUP(buf_done) struct buf script = BUF_INIT(RUNNER_TEXT);
	struct uboot *u = uboot_of(b);
	struct bootenv_change c;
	int r = bootenv_plan(u->env, span_of(u->result.output, u->result.len), p, &c);

	for (size_t i = 0; r == 0 && i < c.n; i++)
		buf_printf(&script, "%s=%s\n", c.var[i].name, c.var[i].value);
	if (r == 0 && !buf_ok(&script))
		r = -ENOMEM;
	if (r < 0)
		return r;
	return run(u, &(struct runner_call){
			      .program = u->set,
			      .input = buf_span(&script),
			      .fd = -1,
		      });
}

static const struct boot_ops UBOOT = {
	.free = uboot_free,
	.read = uboot_read,
	.write = uboot_write,
};

int boot_uboot_new(struct boot **ret, const struct bootenv *env, struct runner *r, size_t print,
		   size_t set)
{
	struct uboot *u = calloc(1, sizeof(*u));

	if (!u)
		return -ENOMEM;
	*u = (struct uboot){
		.boot = {.ops = &UBOOT}, .env = env, .runner = r, .print = print, .set = set};
	*ret = &u->boot;
	return 0;
}
