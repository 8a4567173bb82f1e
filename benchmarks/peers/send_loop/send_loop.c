/* What the kernel allows: a loop that sends one ready-made WebSocket frame to every connection, and does nothing else.
 *
 *     send_loop PORT
 *
 * Clients are answered by rote, without looking at what they say: an upgrade, an acknowledgement, a first message. After
 * that, each line on standard input is the text of a frame for everybody; the time it took is printed in microseconds.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MOST 65536
#define EVENTS 256

static const char UPGRADE[] =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: none\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n";
static const char ACKNOWLEDGEMENT[] = "{\"type\":\"connection_ack\"}";
static const char FIRST[] = "{\"id\":\"1\",\"type\":\"next\",\"payload\":{\"data\":null}}";

static unsigned char step[MOST];
static int clients[MOST];
static int count;

static size_t frame(unsigned char *into, const char *text, size_t size) {
    size_t head = 2;
    into[0] = 0x81;
    if (size < 126) {
        into[1] = (unsigned char)size;
    } else {
        into[1] = 126;
        into[2] = (unsigned char)(size >> 8);
        into[3] = (unsigned char)size;
        head = 4;
    }
    memcpy(into + head, text, size);
    return head + size;
}

static void answer(int client) {
    static char heard[65536];
    unsigned char reply[256];
    if (recv(client, heard, sizeof heard, 0) <= 0) {
        close(client);
        return;
    }
    if (step[client] == 0) {
        send(client, UPGRADE, sizeof UPGRADE - 1, MSG_NOSIGNAL);
    } else if (step[client] == 1) {
        send(client, reply, frame(reply, ACKNOWLEDGEMENT, sizeof ACKNOWLEDGEMENT - 1), MSG_NOSIGNAL);
    } else if (step[client] == 2) {
        send(client, reply, frame(reply, FIRST, sizeof FIRST - 1), MSG_NOSIGNAL);
        clients[count++] = client;
    }
    if (step[client] < 3) step[client]++;
}

static void send_all(char *line, size_t size) {
    static unsigned char ready[65540];
    struct timespec began, ended;
    size_t whole = frame(ready, line, size);
    clock_gettime(CLOCK_MONOTONIC, &began);
    for (int one = 0; one < count; one++) send(clients[one], ready, whole, MSG_DONTWAIT | MSG_NOSIGNAL);
    clock_gettime(CLOCK_MONOTONIC, &ended);
    printf("%ld\n", (ended.tv_sec - began.tv_sec) * 1000000 + (ended.tv_nsec - began.tv_nsec) / 1000);
    fflush(stdout);
}

static void accept_one(int listener, int epoll) {
    int client = accept(listener, NULL, NULL), yes = 1;
    struct epoll_event wanted = {.events = EPOLLIN};
    if (client < 0) return;
    if (client >= MOST) {
        close(client);
        return;
    }
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    step[client] = 0;
    wanted.data.fd = client;
    epoll_ctl(epoll, EPOLL_CTL_ADD, client, &wanted);
}

int main(int argc, char **argv) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    struct epoll_event wanted = {.events = EPOLLIN}, found[EVENTS];
    struct rlimit files;
    int yes = 1, epoll = epoll_create1(0), listener = socket(AF_INET, SOCK_STREAM, 0);
    char *line = NULL;
    size_t room = 0;
    if (argc != 2) return 2;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    address.sin_port = htons((unsigned short)atoi(argv[1]));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 4096)) return 1;
    wanted.data.fd = listener;
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &wanted);
    wanted.data.fd = STDIN_FILENO;
    epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &wanted);
    puts("ready");
    fflush(stdout);
    for (;;) {
        int many = epoll_wait(epoll, found, EVENTS, -1);
        for (int one = 0; one < many; one++) {
            int which = found[one].data.fd;
            if (which == listener) {
                accept_one(listener, epoll);
            } else if (which == STDIN_FILENO) {
                ssize_t size = getline(&line, &room, stdin);
                if (size <= 0) return 0;
                send_all(line, (size_t)size - 1);
            } else {
                answer(which);
            }
        }
    }
}
