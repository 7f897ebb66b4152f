#include "options.h"

#include <getopt.h>
#include <stdio.h>

#include "base/log.h"

enum { EXIT_USAGE = 2 };
enum { OPT_CHECK = 256, OPT_DEBUG, OPT_RESCUE, OPT_VERSION };

static void help(const struct daemon_options *o)
{
	(void)printf("Usage: %s [OPTION]...\n%s\n\n"
		     "  -c, --config=FILE    read FILE instead of %s\n"
		     "  -s, --state-dir=DIR  keep state in DIR instead of %s\n"
		     "      --check-config   read the configuration, say what is wrong, end\n"
		     "%s"
		     "      --debug          log more\n"
		     "  -h, --help           show this and end\n"
		     "      --version        show the version and end\n",
		     o->name, o->purpose, o->config, o->state_dir,
		     o->can_rescue ? "      --rescue         finish the installation that was cut "
				     "off, and end\n"
				   : "");
}

int daemon_options_read(struct daemon_options *o, int argc, char **argv)
{
	static const struct option OPTIONS[] = {
		{"config",       required_argument, NULL, 'c'        },
		{"state-dir",    required_argument, NULL, 's'        },
		{"check-config", no_argument,       NULL, OPT_CHECK  },
		{"debug",        no_argument,       NULL, OPT_DEBUG  },
		{"rescue",       no_argument,       NULL, OPT_RESCUE },
		{"help",         no_argument,       NULL, 'h'        },
		{"version",      no_argument,       NULL, OPT_VERSION},
		{NULL,           0,                 NULL, 0          },
	};
	const struct daemon_options defaults = *o;
	int c;

	while ((c = getopt_long(argc, argv, "c:s:h", OPTIONS, NULL)) != -1) {
		if (c == 'c') {
			o->config = optarg;
		} else if (c == 's') {
			o->state_dir = optarg;
		} else if (c == OPT_CHECK) {
			o->check = true;
		} else if (c == OPT_DEBUG) {
			log_set_level(LOG_LINE_DEBUG);
		} else if (c == OPT_RESCUE && o->can_rescue) {
			o->rescue = true;
		} else if (c == 'h') {
			help(&defaults);
			return EXIT_SUCCESS;
		} else if (c == OPT_VERSION) {
			(void)printf("%s %s\n", o->name, OCFGW_VERSION);
			return EXIT_SUCCESS;
		} else {
			return EXIT_USAGE; /* getopt has said what is wrong */
		}
	}
	if (optind == argc)
		return -1;
	(void)fprintf(stderr, "%s: unexpected argument '%s'\n", o->name, argv[optind]);
	return EXIT_USAGE;
}
