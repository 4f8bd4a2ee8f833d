const abort = new AbortController();
abort.abort();
Promise.reject(abort.signal.reason);
