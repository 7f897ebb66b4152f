#include "config.h"

#include <arpa/inet.h>
#include <fnmatch.h>
#include <stdio.h>

#define PIN_CHARS ((size_t)44) /* 32 octets in base64 */

/* "HOSTS=value" */
static bool split(struct span word, struct span *ret_hosts, struct span *ret_value)
{
	*ret_value = word;
	*ret_hosts = span_cut(ret_value, '=');
	return ret_hosts->len > 0 && ret_hosts->len <= URL_HOST_MAX && ret_value->len > 0 &&
	       ret_value->len < CONFIG_WORD_MAX;
}

static bool is_pin(struct span value)
{
	return span_starts(value, CONFIG_PIN) && value.len == strlen(CONFIG_PIN) + PIN_CHARS;
}

static bool is_path(struct span value)
{
	return value.ptr[0] == '/';
}

static bool are_pairs(struct span list, bool (*check)(struct span value))
{
	struct span word, hosts, value;

	while (span_word(&list, &word))
		if (!split(word, &hosts, &value) || !check(value))
			return false;
	return true;
}

static bool are_files(struct span list)
{
	return are_pairs(list, is_path);
}

static bool are_pins(struct span list)
{
	return are_pairs(list, is_pin);
}

static bool is_proxy(struct span value)
{
	return value.len == 0 || span_starts(value, "http://") || span_starts(value, "https://") ||
	       span_starts(value, "socks5h://");
}

#define CONF_TARGET struct config
#define FILES       "HOSTS=/absolute/path, separated by blanks"
static const struct conf_option OPTIONS[] = {
	OPTION_TEXT("Tls", "Authorities", authorities, are_files, FILES),
	OPTION_TEXT("Tls", "Pins", pins, are_pins, "HOSTS=sha256//BASE64, separated by blanks"),
	OPTION_TEXT("Tls", "Keys", keys, are_files, FILES),
	OPTION_TEXT("Proxy", "Url", proxy, is_proxy, "an http, https or socks5h URL"),
	OPTION_TEXT("Proxy", "Direct", direct, NULL, NULL),
};

int config_load(const char *path, struct config *ret, char *ret_error, size_t room)
{
	int r;

	*ret = (struct config){.direct = "_firmware.*"};
	r = conf_load(path, OPTIONS, ARRAY_SIZE(OPTIONS), ret, ret_error, room);
	return r == -ENOENT ? 0 : r;
}

/* "host." is "host" (RFC 1034 3.1), on either side. */
static bool name_of(struct span host, char ret[URL_HOST_MAX + 1])
{
	if (host.len > 1 && host.ptr[host.len - 1] == '.')
		host.len--;
	return span_to_str(host, ret, URL_HOST_MAX + 1) == 0;
}

/* A name, or an address in its usual form, IPv6 in brackets: other spellings are the same host. */
static bool usual_form(struct span host, char ret[URL_HOST_MAX + 1])
{
	char address[INET6_ADDRSTRLEN];
	struct in6_addr v6;
	struct in_addr v4;

	if (host.len >= 2 && host.ptr[0] == '[')
		host = span_of(host.ptr + 1, host.len - 2);
	if (!name_of(host, ret))
		return false;
	if (inet_pton(AF_INET6, ret, &v6) == 1 &&
	    inet_ntop(AF_INET6, &v6, address, sizeof(address)))
		(void)snprintf(ret, URL_HOST_MAX + 1, "[%s]", address);
	else if (inet_aton(ret, &v4) != 0)
		(void)inet_ntop(AF_INET, &v4, ret, URL_HOST_MAX + 1);
	return true;
}

static bool fits(struct span pattern, struct span host)
{
	char p[URL_HOST_MAX + 1], h[URL_HOST_MAX + 1];

	return name_of(pattern, p) && usual_form(host, h) &&
	       fnmatch(p, h, FNM_CASEFOLD | FNM_NOESCAPE) == 0;
}

/* The next value for the host. */
static bool find_next(struct span *rest, struct span host, struct span *ret)
{
	struct span word, hosts;

	while (span_word(rest, &word))
		if (split(word, &hosts, ret) && fits(hosts, host))
			return true;
	return false;
}

bool config_find(const char *list, struct span host, char ret[CONFIG_WORD_MAX])
{
	struct span rest = span_str(list), value;

	return find_next(&rest, host, &value) && span_to_str(value, ret, CONFIG_WORD_MAX) == 0;
}

void config_find_all(const char *list, struct span host, char joint, char ret[CONF_TEXT_MAX])
{
	struct span rest = span_str(list), value;
	size_t n = 0;

	while (find_next(&rest, host, &value)) {
		if (n > 0)
			ret[n++] = joint;
		memcpy(ret + n, value.ptr, value.len); /* fits: shorter than the list */
		n += value.len;
	}
	ret[n] = '\0';
}

bool config_has(const char *list, struct span host)
{
	struct span rest = span_str(list), word;

	while (span_word(&rest, &word))
		if (fits(word, host))
			return true;
	return false;
}

void config_each(const char *list, void (*fn)(void *arg, const char *value), void *arg)
{
	struct span rest = span_str(list), word, hosts, value;
	char text[CONFIG_WORD_MAX];

	while (span_word(&rest, &word))
		if (split(word, &hosts, &value) && span_to_str(value, text, sizeof(text)) == 0)
			fn(arg, text);
}
