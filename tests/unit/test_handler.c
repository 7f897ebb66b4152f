/* ocf-fw-write/handler and calls: the verbs of a program that installs, and hooks. */
#include "test.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "crypto/hash.h"
#include "daemons/ocf-fw-write/config.h"

static char dir[] = "/tmp/ocf-handler-XXXXXX";
static struct runner_program programs[PROGRAMS];
static struct runner *runner;
static struct config config;
static struct backend *backend;
static struct install *install;

/* Writes what it is called with to `calls`, what it gets to `image`, and obeys `order`. */
static const char SCRIPT[] =
	"cd \"$0\" || exit 1\n"
	"echo \"$* $OCFGW_VERSION $OCFGW_IMAGES ${OCFGW_IMAGE_SIZE-} ${OCFGW_ATTEMPTS-}\" >>calls\n"
	"[ ! -e order ] || . ./order\n"
	"case $1 in\n"
	"write) cat <&3 >image ;;\n"
	"state) echo running=1.2.3; echo slot=x; echo left=2; echo standing=unconfirmed ;;\n"
	"esac\n";
static const char *const HANDLER_ARGS[] = {"-c", SCRIPT, dir, NULL};
static const char HOOK[] = "cd \"$0\" || exit 1\n"
			   "echo \"hook $OCFGW_MODEL $OCFGW_VERSION $OCFGW_SIZE "
			   "$OCFGW_TRANSACTION\" >>calls\n"
			   "[ ! -e refuse ] || { echo 'battery low' >&2; exit 5; }\n";
static const char *const HOOK_ARGS[] = {"-c", HOOK, dir, NULL};

static const char *below(const char *name)
{
	static char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static int set_up(void **state)
{
	(void)state;
	memcpy(dir + strlen(dir) - 6, "XXXXXX", 6);
	if (!mkdtemp(dir))
		return -1;
	for (size_t i = 0; i < PROGRAMS; i++)
		programs[i] = (struct runner_program){"none", "", NULL, 0};
	programs[PROGRAM_HANDLER] =
		(struct runner_program){"handler", "/bin/sh", HANDLER_ARGS, 2000};
	config = (struct config){.install.components = "firmware mcu"};
	(void)snprintf(config.handled.directory, sizeof(config.handled.directory), "%s", dir);
	(void)snprintf(config.handled.boot_id_file, sizeof(config.handled.boot_id_file),
		       "/proc/sys/kernel/random/boot_id");
	(void)snprintf(config.slots.directory, sizeof(config.slots.directory), "%s", dir);
	(void)snprintf(config.slots.boot_id_file, sizeof(config.slots.boot_id_file),
		       "/proc/sys/kernel/random/boot_id");
	return 0;
}

static int tear_down(void **state)
{
	char command[64];

	(void)state;
	install = install_free(install);
	backend = backend_free(backend);
	runner = runner_free(runner);
	(void)snprintf(command, sizeof(command), "rm -r %s", dir);
	return system(command); /* NOLINT(cert-env33-c): a test's own command */
}

static void open_all(bool inner, int control)
{
	struct backend *slots = NULL;

	assert_int_equal(runner_new(&runner, programs, PROGRAMS), 0);
	if (inner)
		assert_int_equal(slots_open(&slots, &config.slots), 0);
	assert_int_equal(handler_open(&backend, &config.handled, slots, runner, control), 0);
	assert_int_equal(install_new(&install, &config.install, backend, runner, control), 0);
}

static void put(const char *name, const char *text)
{
	int fd = open(below(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	(void)close(fd);
}

static void assert_file(const char *name, const char *want)
{
	char got[1024] = "";
	int fd = open(below(name), O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_true(read(fd, got, sizeof(got) - 1) >= 0);
	(void)close(fd);
	assert_string_equal(got, want);
}

static struct proto_digests digests_of(const char *text)
{
	struct proto_digests d = {.algs = HASH_BIT(HASH_SHA256)};

	assert_int_equal(hash_once(HASH_SHA256, span_str(text), d.b[HASH_SHA256]), 0);
	return d;
}

static struct proto_done done;

static enum fw_error begin(const char *all, uint32_t images)
{
	struct proto_begin b = {.model = "m",
				.version = "2.0.0",
				.images = images,
				.size = strlen(all),
				.digests = digests_of(all),
				.transaction = "t-1"};

	install_begin(install, &b, &done);
	return (enum fw_error)done.error;
}

static void ignore(uint64_t octets)
{
	(void)octets;
}

static enum fw_error image(const char *component, const char *text)
{
	static const struct install_tell TELL = {.progress = ignore, .kept = ignore};
	struct proto_image i = {.size = strlen(text), .digests = digests_of(text)};
	int ends[2];

	(void)snprintf(i.component, sizeof(i.component), "%s", component);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(write(ends[1], text, strlen(text)), strlen(text));
	(void)close(ends[1]);
	install_image(install, &i, ends[0], &TELL, &done);
	(void)close(ends[0]);
	return (enum fw_error)done.error;
}

static enum fw_error commit(void)
{
	install_commit(install, 3, &done);
	return (enum fw_error)done.error;
}

static void handler__gets_the_verbs_in_order(void **state)
{
	struct proto_slots_are are;

	(void)state;
	if (!files_are_roots())
		skip();
	open_all(false, -1);
	backend->ops->state(backend, &are);
	assert_string_equal(are.running, "1.2.3");
	assert_string_equal(are.slot, "x");
	assert_int_equal(are.standing, PROTO_UNCONFIRMED);
	assert_int_equal(are.left, 2);
	assert_int_equal(begin("mcu!firm", 2), FWE_OK);
	assert_int_equal(image("mcu", "mcu!"), FWE_OK);
	assert_file("image", "mcu!");
	assert_int_equal(image("firmware", "firm"), FWE_OK);
	assert_int_equal(commit(), FWE_OK);
	backend->plan = NULL;
	assert_int_equal(backend->ops->confirm(backend, "x"), 0);
	assert_int_equal(backend->ops->confirm(backend, "../x"), -EPERM);
	assert_int_equal(backend->ops->reject(backend, "-x"), -EPERM);
	assert_int_equal(backend->ops->reject(backend, ""), -EPERM);
	assert_file("calls", "state    \n"
			     "begin 2.0.0 2  \n"
			     "write mcu 2.0.0 2 4 \n"
			     "write firmware 2.0.0 2 4 \n"
			     "commit 2.0.0 2  3\n"
			     "confirm x    \n");
}

static void handler__is_told_to_forget(void **state)
{
	(void)state;
	if (!files_are_roots())
		skip();
	open_all(false, -1);
	assert_int_equal(begin("firm", 1), FWE_OK);
	assert_int_equal(image("firmware", "harm"), FWE_IMAGE_DIGEST_MISMATCH);
	assert_int_equal(commit(), FWE_INTERNAL);
	install = install_free(install);
	backend = backend_free(backend);
	assert_file("calls", "begin 2.0.0 1  \n"
			     "write firmware 2.0.0 1 4 \n"
			     "abort    \n");
}

static void handler__fails_by_its_status(void **state)
{
	static const struct {
		const char *order;
		enum fw_error want;
		const char *text;
	} ROWS[] = {
		{"[ $1 != begin ] || { echo broken >&2; exit 1; }\n",          FWE_INSTALL_FAILED,
		 "the installation cannot begin: broken"												   },
		{"[ $1 != begin ] || exit 5\n",                                FWE_POLICY_DEFERRED,
		 "the installation cannot begin: handler: exit status 5"										   },
		{"[ $1 != write ] || { cat <&3 >&2; exit 2; }\n",              FWE_INSTALL_NO_SPACE,
		 "the image cannot be written: firm"												       },
		{"[ $1 != write ] || exit 3\n",                                FWE_IMAGE_TOO_LARGE,
		 "the image cannot be written: handler: exit status 3"										     },
		{"[ $1 != commit ] || exit 4\n",                               FWE_INSTALL_VERIFY_FAILED,
		 "the slot cannot be made current: handler: exit status 4"										 },
		{"[ $1 != commit ] || { echo no such bundle >&2; exit 6; }\n",
		 FWE_IMAGE_FORMAT_UNSUPPORTED,							    "the slot cannot be made current: no such bundle"},
		{"[ $1 != write ] || { cat <&3 >/dev/null; sleep 60; }\n",     FWE_INSTALL_FAILED,
		 "the image cannot be written: handler: Connection timed out"									      },
	};

	(void)state;
	if (!files_are_roots())
		skip();
	open_all(false, -1);
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		enum fw_error e;

		put("order", ROWS[i].order);
		e = begin("firm", 1);
		if (e == FWE_OK)
			e = image("firmware", "firm");
		if (e == FWE_OK)
			e = commit();
		if (e != ROWS[i].want || strcmp(done.text, ROWS[i].text) != 0)
			fail_msg("%s: %s: %s", ROWS[i].order, fw_error_name(e), done.text);
	}
}

/* A program that takes nothing must not keep us from seeing that nobody waits. */
static void handler__does_not_hold_up_the_end(void **state)
{
	static const struct install_tell TELL = {.progress = ignore, .kept = ignore};
	struct proto_image i = {.component = "firmware", .size = PROTO_SIZE_ANY};
	uint64_t start_us;
	int control[2], zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	pid_t pid;

	(void)state;
	if (!files_are_roots())
		skip();
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control), 0);
	open_all(false, control[0]);
	put("order", "[ $1 != write ] || sleep 60\n");
	assert_int_equal(begin("firm", 1), FWE_OK);
	pid = fork();
	if (pid == 0) { /* has the other end for a moment */
		(void)poll(NULL, 0, 200);
		_exit(0);
	}
	(void)close(control[1]);
	start_us = clock_monotonic_us();
	install_image(install, &i, zero, &TELL, &done);
	assert_int_equal(done.error, FWE_INSTALL_FAILED);
	assert_true(clock_monotonic_us() - start_us < 5 * USEC_PER_SEC);
	(void)close(control[0]);
	(void)close(zero);
}

static void handler__leaves_the_rest_to_a_folder(void **state)
{
	struct proto_slots_are are;

	(void)state;
	if (!files_are_roots())
		skip();
	(void)snprintf(config.handled.components, sizeof(config.handled.components), "mcu");
	open_all(true, -1);
	assert_int_equal(begin("mcu!firm", 2), FWE_OK);
	assert_int_equal(image("mcu", "mcu!"), FWE_OK);
	assert_int_equal(image("firmware", "firm"), FWE_OK);
	put("order", "[ $1 != commit ] || exit 1\n");
	assert_int_equal(commit(), FWE_INSTALL_FAILED);
	backend->ops->state(backend, &are);
	assert_string_equal(are.running, ""); /* both or none */
	(void)unlink(below("order"));
	assert_int_equal(begin("mcu!firm", 2), FWE_OK);
	assert_int_equal(image("mcu", "mcu!"), FWE_OK);
	assert_int_equal(image("firmware", "firm"), FWE_OK);
	assert_int_equal(commit(), FWE_OK);
	backend->ops->state(backend, &are);
	assert_string_equal(are.running, "2.0.0");
	assert_file("a/firmware", "firm");
	assert_file("image", "mcu!");
	assert_int_equal(access(below("a/mcu"), F_OK), -1);
}

static void hooks__may_refuse(void **state)
{
	(void)state;
	if (!files_are_roots())
		skip();
	programs[PROGRAM_PRE_INSTALL] =
		(struct runner_program){"PreInstall", "/bin/sh", HOOK_ARGS, 2000};
	programs[PROGRAM_POST_INSTALL] = programs[PROGRAM_PRE_INSTALL];
	open_all(false, -1);
	put("refuse", "");
	assert_int_equal(begin("firm", 1), FWE_POLICY_DEFERRED);
	assert_string_equal(done.text, "the installation cannot begin: PreInstall: battery low");
	assert_file("calls", "hook m 2.0.0 4 t-1\n"); /* and no `begin` */
	(void)unlink(below("refuse"));
	assert_int_equal(begin("firm", 1), FWE_OK);
	assert_int_equal(image("firmware", "firm"), FWE_OK);
	put("refuse", "");
	put("calls", "");
	assert_int_equal(commit(), FWE_OK); /* it is there, whatever PostInstall says */
	assert_file("calls", "commit 2.0.0 1  3\nhook m 2.0.0 4 t-1\n");
}

static void hooks__hold_the_switch(void **state)
{
	struct proto_slots_are are;

	(void)state;
	if (!files_are_roots())
		skip();
	(void)snprintf(config.handled.components, sizeof(config.handled.components), "mcu");
	programs[PROGRAM_PRE_COMMIT] =
		(struct runner_program){"PreCommit", "/bin/sh", HOOK_ARGS, 2000};
	open_all(true, -1);
	assert_int_equal(begin("firm", 1), FWE_OK);
	assert_int_equal(image("firmware", "firm"), FWE_OK);
	put("refuse", "");
	assert_int_equal(commit(), FWE_POLICY_DEFERRED);
	backend->ops->state(backend, &are);
	assert_string_equal(are.running, "");
}

static void handler_read_state__takes_what_it_knows(void **state)
{
	static const struct {
		const char *text, *running, *slot, *failed;
		uint32_t left, immediate;
	} ROWS[] = {
		{"running=1.0.0\nslot=A\nleft=3\nimmediate=yes\n", "1.0.0", "A", "",      3, 1},
		{"slot=A\nfailed=2.0.0\n",                         "",      "A", "2.0.0", 0, 0},
		{"slot=B",					 "",      "B", "",      0, 0},
		{"left=x\nimmediate=1\nfoo=bar\n=\nrunning\n",     "",      "",  "",      0, 0},
		{"running=\x01\xff\n",                             "??",    "",  "",      0, 0},
		{"",					       "",      "",  "",      0, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		struct proto_slots_are are;

		handler_read_state(span_str(ROWS[i].text), &are);
		if (strcmp(are.running, ROWS[i].running) != 0 ||
		    strcmp(are.slot, ROWS[i].slot) != 0 ||
		    strcmp(are.failed, ROWS[i].failed) != 0 || are.left != ROWS[i].left ||
		    are.immediate != ROWS[i].immediate)
			fail_msg("row %zu", i);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(handler__gets_the_verbs_in_order),
		TEST(handler__is_told_to_forget),
		TEST(handler__fails_by_its_status),
		TEST(handler__does_not_hold_up_the_end),
		TEST(handler__leaves_the_rest_to_a_folder),
		TEST(hooks__may_refuse),
		TEST(hooks__hold_the_switch),
		cmocka_unit_test(handler_read_state__takes_what_it_knows),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
