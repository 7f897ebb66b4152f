#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "app.h"
#include "base/log.h"
#include "bus/loop.h"
#include "options.h"

/* Keys live in this process: no core file, no debugger of the same user. */
static void protect_memory(void)
{
	(void)setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	(void)prctl(PR_SET_DUMPABLE, 0);
}

static int run(const struct secd_config *config, const char *state_dir)
{
	CLEANUP(loop_freep) struct loop *loop = NULL;
	CLEANUP(app_freep) struct app *app = NULL; /* goes before the loop */
	int r;

	r = loop_new(&loop);
	if (r >= 0)
		r = app_new(&app, config, state_dir, loop);
	if (r < 0)
		return r;
	loop_notify(loop, "READY=1");
	r = loop_run(loop);
	loop_notify(loop, "STOPPING=1");
	log_info("device: stop");
	return r;
}

int main(int argc, char **argv)
{
	struct daemon_options o = {
		.name = "ocf-secd",
		.purpose = "Answers OCF requests, and lets the gateway be found, owned and "
			   "provisioned.",
		.config = DEFAULT_CONFIG_DIR "/secd.conf",
		.state_dir = DEFAULT_STATE_DIR "/ocf-secd",
	};
	struct secd_config config;
	char error[512];
	int r;

	protect_memory();
	(void)signal(SIGPIPE, SIG_IGN); /* a closed log must not end the service */
	r = daemon_options_read(&o, argc, argv);
	if (r >= 0)
		return r;
	r = config_load(&config, o.config, error, sizeof(error));
	if (r < 0) {
		log_error("config: %s", error);
		return EXIT_FAILURE;
	}
	if (o.check)
		return EXIT_SUCCESS;
	return run(&config, o.state_dir) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
