/* ocf-fwupd - finds, verifies and installs firmware; no network, no slots, no capabilities. */
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "app.h"
#include "base/log.h"
#include "bus/loop.h"
#include "child/child.h"
#include "options.h"
#include "rescue.h"

static int serve(const struct fwupd_config *config, const struct daemon_options *o,
		 struct child_starter *starter)
{
	CLEANUP(loop_freep) struct loop *loop = NULL;
	CLEANUP(app_freep) struct app *app = NULL; /* goes before the loop */
	int r;

	r = loop_new(&loop);
	if (r >= 0)
		r = app_new(&app, config, o->state_dir, starter, loop, loop_passed_fd(), o->rescue);
	if (r < 0)
		return r;
	r = loop_run(loop);
	loop_notify(loop, "STOPPING=1");
	log_info("update: stop");
	return r;
}

/* A rescue system may have no users. */
static bool has_users(void)
{
	return getpwnam("ocf-fwupd") && getpwnam("ocf-fw-fetch") && getpwnam("ocf-fw-write");
}

static int run(const struct fwupd_config *config, const struct daemon_options *o)
{
	const bool users = !o->rescue || has_users();
	CLEANUP(child_starter_freep) struct child_starter *starter = NULL;
	char fetch[CONFIG_TEXT + 16], write[CONFIG_TEXT + 16], health[CONFIG_TEXT + 16];
	const struct child_program programs[] = {
		[APP_FETCH] = {config->fetch_socket,  fetch,  users ? "ocf-fw-fetch" : NULL,
			       config->fetch_config  },
		[APP_WRITE] = {config->write_socket,  write,  users ? "ocf-fw-write" : NULL,
			       config->write_config  },
		[APP_HEALTH] = {config->health_socket, health, users ? "ocf-fw-health" : NULL,
                               config->health_scripts},
	};
	int r;

	(void)snprintf(fetch, sizeof(fetch), "%s/ocf-fw-fetch", config->helpers_dir);
	(void)snprintf(write, sizeof(write), "%s/ocf-fw-write", config->helpers_dir);
	(void)snprintf(health, sizeof(health), "%s/ocf-fw-health", config->helpers_dir);
	r = child_starter_new(&starter, programs, ARRAY_SIZE(programs));
	if (r == 0)
		r = users ? child_become("ocf-fwupd") : child_become_owner(o->state_dir);
	if (r < 0) {
		log_error("update: cannot become user ocf-fwupd error=%s%s", strerror(-r),
			  r == -ENOENT ? " (`systemd-sysusers` makes the users)" : "");
		return r;
	}
	return serve(config, o, starter);
}

/* The folder is opened by its owner only; root is needed for the helpers, still. */
static int peek(const char *state_dir, struct rescue *ret)
{
	struct stat st;
	int r;

	if (stat(state_dir, &st) < 0)
		return -errno;
	if (geteuid() == 0 && seteuid(st.st_uid) < 0)
		return -errno;
	r = rescue_peek(state_dir, ret);
	return getuid() == 0 && seteuid(0) < 0 ? -errno : r;
}

/* Without a configuration the record tells which device this is. -ENOENT: nothing is to be done. */
static int load_for_rescue(struct fwupd_config *config, const struct daemon_options *o)
{
	CLEANUP(rescue_done) struct rescue record = {0};
	char error[512];
	int r = peek(o->state_dir, &record);

	if (r < 0)
		return r;
	r = config_load(config, o->config, error, sizeof(error));
	if (r < 0 && access(o->config, F_OK) == 0) {
		log_error("config: %s", error);
		return r;
	}
	(void)snprintf(config->manufacturer, sizeof(config->manufacturer), "%s",
		       record.manufacturer);
	(void)snprintf(config->model, sizeof(config->model), "%s", record.model);
	(void)snprintf(config->hardware, sizeof(config->hardware), "%s", record.hardware);
	return 0;
}

static int rescue(const struct daemon_options *o)
{
	struct fwupd_config config;
	int r = load_for_rescue(&config, o);

	if (r == -ENOENT) {
		log_info("rescue: no installation was cut off");
		return 0;
	}
	if (r == -EBADMSG)
		log_error("rescue: the record is damaged or of a newer version state=%s: start the "
			  "service, which needs its configuration, and install",
			  o->state_dir);
	else if (r < 0)
		log_error("rescue: state=%s error=%s", o->state_dir, strerror(-r));
	return r < 0 ? r : run(&config, o);
}

int main(int argc, char **argv)
{
	struct daemon_options o = {
		.name = "ocf-fwupd",
		.purpose = "Finds, verifies and installs firmware.",
		.config = CONFIG_DIR "/fwupd.conf",
		.state_dir = STATE_DIR "/ocf-fwupd",
		.can_rescue = true,
	};
	struct fwupd_config config;
	char error[512];
	int r;

	(void)setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	(void)signal(SIGPIPE, SIG_IGN); /* a closed log must not end the service */
	r = daemon_options_read(&o, argc, argv);
	if (r >= 0)
		return r;
	if (o.rescue)
		return rescue(&o) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	r = config_load(&config, o.config, error, sizeof(error));
	if (r < 0) {
		log_error("config: %s", error);
		return EXIT_FAILURE;
	}
	if (o.check)
		return EXIT_SUCCESS;
	return run(&config, &o) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
