/* daemons/ocf-secd/config.h - what /etc/ocfgw/secd.conf says. */
#pragma once

#include "date.h"
#include "svr/svr.h"
#include "transport/endpoint.h"

#define CONFIG_COMMAND_MAX   ((size_t)256) /* octets of PinDisplayCommand=, NUL included */
#define CONFIG_PATH_MAX      ((size_t)256) /* octets of a path, NUL included */
#define CONFIG_COMMAND_WORDS ((size_t)8)

/* When stored records rise to formats that older firmware does not know. */
enum raise_formats { RAISE_CONFIRMED, RAISE_NOW };

struct secd_config {
	char name[SVR_TEXT_MAX], manufacturer[SVR_TEXT_MAX], model[SVR_TEXT_MAX];
	char type[SVR_TEXT_MAX];
	char interfaces[ENDPOINT_PATTERNS_MAX];
	uint32_t coap_port, coaps_port;
	int trust_clock;   /* enum date_trust */
	int raise_formats; /* enum raise_formats */
	bool owner_certificate;
	uint64_t leisure_us, handshake_us, idle_us;
	uint32_t sessions_max, handshakes_max, sessions_per_peer_max;
	char methods[80];
	char window[16];
	char factory_dir[CONFIG_PATH_MAX], fixed_pin_file[CONFIG_PATH_MAX];
	char pin_command[CONFIG_COMMAND_MAX];
	uint64_t pin_command_us;
};

/* Defaults, then the file. 0, also when there is no file; -EINVAL, -EFBIG or what open gave, and
 * ret_error says where and what. */
MUST_USE int config_load(struct secd_config *ret, const char *path, char *ret_error, size_t room);

void config_endpoint(const struct secd_config *c, struct endpoint_config *ret);
/* Is OwnerTransferMethods= left as it comes? */
bool config_methods_default(const struct secd_config *c);
/* The configured transfer methods in order of preference, usable or not. */
size_t config_methods(const struct secd_config *c, enum oxm ret[SVR_OXMS_MAX]);
/* OnboardingWindow=: may an owner be taken without being asked for first? */
bool config_always_open(const struct secd_config *c);
/* Cuts PinDisplayCommand= in words, NULL-terminated; they point into `room`. False: none is set. */
MUST_USE bool config_pin_argv(const struct secd_config *c, char room[CONFIG_COMMAND_MAX],
			      char *ret[CONFIG_COMMAND_WORDS + 1]);
