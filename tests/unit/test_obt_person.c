/* ocf-obt/person: whose line it is. */
#include "test.h"

#include <fcntl.h>

#include "person.h"

struct asked {
	struct question q;
	struct loop *loop;
	unsigned shown, answered;
};

static void on_show(void *arg)
{
	((struct asked *)arg)->shown++;
}

static void on_answer(void *arg, const char *line)
{
	struct asked *a = arg;

	a->answered += person_agrees(line);
	loop_exit(a->loop, 0);
}

static void ask(struct person *p, struct asked *a)
{
	a->q = (struct question){.show = on_show, .answer = on_answer, .arg = a};
	person_ask(p, &a->q);
}

/* The chain of a certificate may have been asked for, of a device that is gone since. */
static void person_withdraw__gives_the_line_to_who_is_shown(void **state)
{
	struct loop *loop CLEANUP(loop_freep) = NULL;
	struct person p;
	int fds[2];

	(void)state;
	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(person_init(&p, loop, NULL), 0);
	p.in.fd = fds[0];
	for (unsigned queued = 0; queued < 2; queued++) {
		struct asked gone = {.loop = loop}, there = {.loop = loop};

		ask(&p, &gone);
		if (queued)
			ask(&p, &there);
		person_withdraw(&p, &gone.q);
		person_withdraw(&p, &gone.q); /* a second time changes nothing */
		if (!queued)
			ask(&p, &there);
		assert_true(gone.shown == 1 && there.shown == 1);
		assert_int_equal(write(fds[1], "yes\n", 4), 4);
		assert_int_equal(loop_run(loop), 0);
		assert_true(gone.answered == 0 && there.answered == 1);
		loop = loop_free(loop);
		assert_int_equal(loop_new(&loop), 0);
		p.in.loop = loop;
	}
	person_done(&p);
	assert_int_equal(close(fds[0]), 0);
	assert_int_equal(close(fds[1]), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(person_withdraw__gives_the_line_to_who_is_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
