/* daemons/ocf-fw-fetch/config.h - /etc/ocfgw/fw-fetch.conf: whom to trust and whom to go through.
 */
#pragma once

#include "codec/conf.h"
#include "fw/url.h"

#define CONFIG_PIN      "sha256//"
#define CONFIG_WORD_MAX ((size_t)256) /* octets of a path or of pins, with a NUL */

struct config {
	char authorities[CONF_TEXT_MAX]; /* "HOSTS=FILE ...", HOSTS a pattern of fnmatch(3) */
	char pins[CONF_TEXT_MAX];        /* "HOSTS=sha256//BASE64 ..." */
	char keys[CONF_TEXT_MAX];        /* "HOSTS=FILE ...", for coaps */
	char proxy[CONF_TEXT_MAX];       /* a URL; empty: none */
	char direct[CONF_TEXT_MAX];      /* "HOSTS ...", not through the proxy */
};

/* 0, also without a file. Otherwise as conf_load(). */
MUST_USE int config_load(const char *path, struct config *ret, char *ret_error, size_t room);
/* What follows "HOSTS=" of the first word whose pattern fits the host. False: none does. */
MUST_USE bool config_find(const char *list, struct span host, char ret[CONFIG_WORD_MAX]);
/* All of that for the host, joined by `joint`; empty: none. */
void config_find_all(const char *list, struct span host, char joint, char ret[CONF_TEXT_MAX]);
/* Does one of the patterns, separated by blanks, fit? */
MUST_USE bool config_has(const char *list, struct span host);
/* Calls `fn` for the value of each word. */
void config_each(const char *list, void (*fn)(void *arg, const char *value), void *arg);
