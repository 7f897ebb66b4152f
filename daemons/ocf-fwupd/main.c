/* ocf-fwupd - finds, verifies and installs firmware; no network, no slots, no capabilities. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

#include "app.h"
#include "base/log.h"
#include "bus/loop.h"
#include "child/child.h"

#define CONFIG_PATH CONFIG_DIR "/fwupd.conf"
#define STATE_PATH  STATE_DIR "/ocf-fwupd"

enum { EXIT_USAGE = 2 };

static const char USAGE[] =
	"Usage: ocf-fwupd [OPTION]...\n"
	"Finds, verifies and installs firmware.\n\n"
	"  -c, --config=FILE    read FILE instead of " CONFIG_PATH "\n"
	"  -s, --state-dir=DIR  keep state in DIR instead of " STATE_PATH "\n"
	"      --check-config   read the configuration, say what is wrong, end\n"
	"      --debug          log more\n"
	"  -h, --help           show this and end\n"
	"      --version        show the version and end\n";

struct options {
	const char *config, *state_dir;
	bool check, debug;
};

/* -1 to go on, else the exit status. */
static int read_options(int argc, char **argv, struct options *o)
{
	enum { OPT_CHECK = 256, OPT_DEBUG, OPT_VERSION };
	static const struct option OPTIONS[] = {
		{"config",       required_argument, NULL, 'c'        },
		{"state-dir",    required_argument, NULL, 's'        },
		{"check-config", no_argument,       NULL, OPT_CHECK  },
		{"debug",        no_argument,       NULL, OPT_DEBUG  },
		{"help",         no_argument,       NULL, 'h'        },
		{"version",      no_argument,       NULL, OPT_VERSION},
		{NULL,           0,                 NULL, 0          },
	};
	int c;

	while ((c = getopt_long(argc, argv, "c:s:h", OPTIONS, NULL)) != -1) {
		if (c == 'c') {
			o->config = optarg;
		} else if (c == 's') {
			o->state_dir = optarg;
		} else if (c == OPT_CHECK) {
			o->check = true;
		} else if (c == OPT_DEBUG) {
			o->debug = true;
		} else if (c == 'h' || c == OPT_VERSION) {
			(void)fputs(c == 'h' ? USAGE : "ocf-fwupd " OCFGW_VERSION "\n", stdout);
			return EXIT_SUCCESS;
		} else {
			return EXIT_USAGE; /* getopt has said what is wrong */
		}
	}
	if (optind == argc)
		return -1;
	(void)fprintf(stderr, "ocf-fwupd: unexpected argument '%s'\n", argv[optind]);
	return EXIT_USAGE;
}

static int serve(const struct fwupd_config *config, const char *state_dir,
		 struct child_starter *starter)
{
	CLEANUP(loop_freep) struct loop *loop = NULL;
	CLEANUP(app_freep) struct app *app = NULL; /* goes before the loop */
	int r;

	r = loop_new(&loop);
	if (r >= 0)
		r = app_new(&app, config, state_dir, starter, loop);
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
	char fetch[CONFIG_TEXT + 16], write[CONFIG_TEXT + 16];
	const struct child_program programs[] = {
		[APP_FETCH] = {config->fetch_socket, fetch, "ocf-fw-fetch", NULL                },
		[APP_WRITE] = {config->write_socket, write, "ocf-fw-write", config->write_config},
	};
	int r;

	(void)snprintf(fetch, sizeof(fetch), "%s/ocf-fw-fetch", config->helpers_dir);
	(void)snprintf(write, sizeof(write), "%s/ocf-fw-write", config->helpers_dir);
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
	struct options o = {.config = CONFIG_PATH, .state_dir = STATE_PATH};
	struct fwupd_config config;
	char error[512];
	int r;

	(void)setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	(void)signal(SIGPIPE, SIG_IGN); /* a closed log must not end the service */
	r = read_options(argc, argv, &o);
	if (r >= 0)
		return r;
	if (o.debug)
		log_set_level(LOG_LINE_DEBUG);
	r = config_load(&config, o.config, error, sizeof(error));
	if (r < 0) {
		log_error("config: %s", error);
		return EXIT_FAILURE;
	}
	if (o.check)
		return EXIT_SUCCESS;
	return run(&config, o.state_dir) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
