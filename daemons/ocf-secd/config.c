#include "config.h"

#include <stdio.h>

#include "base/clock.h"
#include "codec/conf.h"

#define METHODS_DEFAULT "just-works random-pin manufacturer-certificate"
#define WINDOW_ALWAYS   "always"

/* Goes out as CBOR text and into logs. */
static bool is_text(struct span value)
{
	for (size_t i = 0; i < value.len; i++)
		if (value.ptr[i] < 0x20 || value.ptr[i] == 0x7f)
			return false;
	return span_is_utf8(value);
}

static bool is_methods(struct span value)
{
	enum oxm seen[SVR_OXMS_MAX];
	struct span word;
	size_t n = 0;

	while (span_word(&value, &word)) {
		if (n == ARRAY_SIZE(seen) || !oxm_parse(word, &seen[n]))
			return false;
		for (size_t i = 0; i < n; i++)
			if (seen[i] == seen[n])
				return false;
		n++;
	}
	return n > 0;
}

static bool is_command(struct span value)
{
	struct span word;
	size_t n = 0;

	if (value.len > 0 && value.ptr[0] != '/')
		return false;
	while (span_word(&value, &word))
		n++;
	return n <= CONFIG_COMMAND_WORDS;
}

static bool is_window(struct span value)
{
	return span_is(value, WINDOW_ALWAYS) || span_is(value, "on-request");
}

static bool is_path(struct span value)
{
	return value.len == 0 || value.ptr[0] == '/';
}

static const char *const TRUST_WORDS[] = {
	[DATE_AUTO] = "auto", [DATE_YES] = "yes", [DATE_NO] = "no", NULL};

static const char *const RAISE_WORDS[] = {
	[RAISE_CONFIRMED] = "confirmed", [RAISE_NOW] = "now", NULL};

#define PRINTABLE   "UTF-8 without control characters"
#define CONF_TARGET struct secd_config
static const struct conf_option OPTIONS[] = {
	OPTION_TEXT("Device", "Name", name, is_text, PRINTABLE),
	OPTION_TEXT("Device", "Manufacturer", manufacturer, is_text, PRINTABLE),
	OPTION_TEXT("Device", "Model", model, is_text, PRINTABLE),
	OPTION_TEXT("Device", "Type", type, is_text, PRINTABLE),
	OPTION_ENUM("Device", "TrustClock", trust_clock, TRUST_WORDS),
	OPTION_ENUM("Device", "RaiseFormats", raise_formats, RAISE_WORDS),
	OPTION_TEXT("Network", "Interfaces", interfaces, NULL, NULL),
	OPTION_NUMBER("Network", "CoapPort", coap_port, 1, UINT16_MAX),
	OPTION_NUMBER("Network", "CoapsPort", coaps_port, 1, UINT16_MAX),
	OPTION_TIME("Network", "MulticastLeisure", leisure_us, 0, 60 * USEC_PER_SEC),
	OPTION_TIME("Network", "HandshakeTimeout", handshake_us, USEC_PER_SEC, 600 * USEC_PER_SEC),
	OPTION_TIME("Network", "IdleTimeout", idle_us, USEC_PER_SEC, 86400 * USEC_PER_SEC),
	OPTION_NUMBER("Network", "MaxSessions", sessions_max, 1, 4096),
	OPTION_NUMBER("Network", "MaxSessionsPerPeer", sessions_per_peer_max, 1, 4096),
	OPTION_NUMBER("Network", "MaxHandshakes", handshakes_max, 1, 4096),
	OPTION_TEXT("Onboarding", "OwnerTransferMethods", methods, is_methods,
		    "just-works, random-pin, manufacturer-certificate and fixed-pin, each at most "
		    "once"),
	OPTION_TEXT("Onboarding", "OnboardingWindow", window, is_window, "always or on-request"),
	OPTION_TEXT("Onboarding", "FactoryDirectory", factory_dir, is_path, "an absolute path"),
	OPTION_FLAG("Onboarding", "RequireOwnerCertificate", owner_certificate),
	OPTION_TEXT("Onboarding", "FixedPinFile", fixed_pin_file, is_path, "an absolute path"),
	OPTION_TEXT("Onboarding", "PinDisplayCommand", pin_command, is_command,
		    "an absolute path and at most seven arguments"),
	OPTION_TIME("Onboarding", "PinDisplayTimeout", pin_command_us, USEC_PER_SEC,
		    3600 * USEC_PER_SEC),
};

int config_load(struct secd_config *ret, const char *path, char *ret_error, size_t room)
{
	struct endpoint_config e;
	int r;

	endpoint_defaults(&e);
	*ret = (struct secd_config){
		.name = "Gateway",
		.manufacturer = "unknown",
		.trust_clock = DATE_AUTO,
		.coap_port = e.coap_port,
		.coaps_port = e.coaps_port,
		.leisure_us = e.leisure_us,
		.handshake_us = e.handshake_us,
		.idle_us = e.idle_us,
		.sessions_max = e.sessions_max,
		.handshakes_max = e.handshakes_max,
		.sessions_per_peer_max = e.sessions_per_peer_max,
		.factory_dir = DEFAULT_FACTORY_DIR,
		.methods = METHODS_DEFAULT,
		.window = WINDOW_ALWAYS,
		.pin_command_us = 120 * USEC_PER_SEC,
	};
	r = conf_load(path, OPTIONS, ARRAY_SIZE(OPTIONS), ret, ret_error, room);
	return r == -ENOENT ? 0 : r;
}

void config_endpoint(const struct secd_config *c, struct endpoint_config *ret)
{
	endpoint_defaults(ret);
	ret->server = true;
	ret->coap_port = (uint16_t)c->coap_port;
	ret->coaps_port = (uint16_t)c->coaps_port;
	(void)snprintf(ret->interfaces, sizeof(ret->interfaces), "%s", c->interfaces);
	ret->leisure_us = c->leisure_us;
	ret->handshake_us = c->handshake_us;
	ret->idle_us = c->idle_us;
	ret->sessions_max = c->sessions_max;
	ret->handshakes_max = c->handshakes_max;
	ret->sessions_per_peer_max = c->sessions_per_peer_max;
	ret->body_max = REQ_BODY_MAX;
}

bool config_methods_default(const struct secd_config *c)
{
	return strcmp(c->methods, METHODS_DEFAULT) == 0;
}

size_t config_methods(const struct secd_config *c, enum oxm ret[SVR_OXMS_MAX])
{
	struct span rest = span_str(c->methods), word;
	size_t n = 0;

	while (span_word(&rest, &word))
		n += oxm_parse(word, &ret[n]);
	return n;
}

bool config_always_open(const struct secd_config *c)
{
	return strcmp(c->window, WINDOW_ALWAYS) == 0;
}

bool config_pin_argv(const struct secd_config *c, char room[CONFIG_COMMAND_MAX],
		     char *ret[CONFIG_COMMAND_WORDS + 1])
{
	char *save = NULL;
	size_t n = 0;

	memcpy(room, c->pin_command, CONFIG_COMMAND_MAX);
	for (char *w = strtok_r(room, " ", &save); w; w = strtok_r(NULL, " ", &save))
		ret[n++] = w;
	ret[n] = NULL;
	return n > 0;
}
