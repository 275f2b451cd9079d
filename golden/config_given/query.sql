SELECT *
FROM sales
