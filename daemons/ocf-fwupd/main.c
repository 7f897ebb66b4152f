/* ocf-fwupd - finds, verifies and installs firmware; no network, no slots, no capabilities. */
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

#include "app.h"
#include "base/log.h"
#include "bus/loop.h"
#include "child/child.h"
#include "options.h"

static int serve(const struct fwupd_config *config, const char *state_dir,
		 struct child_starter *starter)
{
	CLEANUP(loop_freep) struct loop *loop = NULL;
	CLEANUP(app_freep) struct app *app = NULL; /* goes before the loop */
	int r;

	r = loop_new(&loop);
	if (r >= 0)
		r = app_new(&app, config, state_dir, starter, loop, loop_passed_fd());
	if (r < 0)
		return r;
	r = loop_run(loop);
	loop_notify(loop, "STOPPING=1");
	log_info("update: stop");
	return r;
}

static int run(const struct fwupd_config *config, const char *state_dir)
{
	CLEANUP(child_starter_freep) struct child_starter *starter = NULL;
	char fetch[CONFIG_TEXT + 16], write[CONFIG_TEXT + 16], health[CONFIG_TEXT + 16];
	const struct child_program programs[] = {
		[APP_FETCH] = {config->fetch_socket,  fetch,  "ocf-fw-fetch",  config->fetch_config},
		[APP_WRITE] = {config->write_socket,  write,  "ocf-fw-write",  config->write_config},
		[APP_HEALTH] = {config->health_socket, health, "ocf-fw-health",
                               config->health_scripts                                              },
	};
	int r;

	(void)snprintf(fetch, sizeof(fetch), "%s/ocf-fw-fetch", config->helpers_dir);
	(void)snprintf(write, sizeof(write), "%s/ocf-fw-write", config->helpers_dir);
	(void)snprintf(health, sizeof(health), "%s/ocf-fw-health", config->helpers_dir);
	r = child_starter_new(&starter, programs, ARRAY_SIZE(programs));
	if (r == 0)
		r = child_become("ocf-fwupd");
	if (r < 0) {
		log_error("update: cannot become user ocf-fwupd error=%s", strerror(-r));
		return r;
	}
	return serve(config, state_dir, starter);
}

int main(int argc, char **argv)
{
	struct daemon_options o = {
		.name = "ocf-fwupd",
		.purpose = "Finds, verifies and installs firmware.",
		.config = CONFIG_DIR "/fwupd.conf",
		.state_dir = STATE_DIR "/ocf-fwupd",
	};
	struct fwupd_config config;
	char error[512];
	int r;

	(void)setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
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
