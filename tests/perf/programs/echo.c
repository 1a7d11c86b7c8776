/* The ceiling: greets each client and sends back what it gets, with one epoll loop and nothing else. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const char greeting[] = "{\"QMP\": {}}\r\n";
static char buffer[65536];

static void send_all(int fd, const char *bytes, size_t count) {
    while (count > 0) {
        ssize_t sent = send(fd, bytes, count, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        bytes += sent;
        count -= (size_t)sent;
    }
}

static void watch(int poll, int fd, int listens) {
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = ((unsigned long long)listens << 32) | (unsigned)fd};
    if (epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event) != 0)
        exit(1);
}

static void serve(int poll, struct epoll_event event) {
    int fd = (int)(event.data.u64 & 0xffffffff);
    if (event.data.u64 >> 32) {
        int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
        if (client < 0)
            return;
        send_all(client, greeting, sizeof greeting - 1);
        watch(poll, client, 0);
        return;
    }
    ssize_t count = recv(fd, buffer, sizeof buffer, 0);
    if (count <= 0)
        close(fd);
    else
        send_all(fd, buffer, (size_t)count);
}

int main(int count, char **paths) {
    int poll = epoll_create1(EPOLL_CLOEXEC);
    for (int i = 1; i < count; i++) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        strncpy(address.sun_path, paths[i], sizeof address.sun_path - 1);
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 16) != 0)
            return 1;
        watch(poll, fd, 1);
    }
    struct epoll_event events[64];
    for (;;) {
        int ready = epoll_wait(poll, events, 64, -1);
        for (int i = 0; i < ready; i++)
            serve(poll, events[i]);
    }
}
