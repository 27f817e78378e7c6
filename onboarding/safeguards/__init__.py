"""What holds the service back: stops, circuit, limits of an hour, the guard before the adapters, protected accounts."""
