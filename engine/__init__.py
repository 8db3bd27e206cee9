"""What finds photos by the words visible in them; knows neither windows nor training."""
